import { type Expr, operandsOf } from "@tilewright/ir";

/** Pairs of nodes that are compared at most: shared nodes count once for each use. */
const MOST_COMPARED = 10_000;

/** Whether two expressions have one structure, spans aside. False when that takes too long to tell. */
export function isSameExpr(one: Expr, other: Expr): boolean {
  const stack: Expr[] = [one, other];
  for (let count = 0; stack.length > 0; count++) {
    const b = stack.pop() as Expr;
    const a = stack.pop() as Expr;
    if (a === b) continue;
    const x = operandsOf(a);
    const y = operandsOf(b);
    if (count > MOST_COMPARED || x.length !== y.length || !isSameNode(a, b)) return false;
    for (let position = 0; position < x.length; position++) stack.push(x[position] as Expr, y[position] as Expr);
  }
  return true;
}

function isSameNode(a: Expr, b: Expr): boolean {
  if (a.kind !== b.kind || a.dtype !== b.dtype || a.lanes !== b.lanes) return false;
  if (a.kind === "Const") return Object.is(a.value, (b as typeof a).value);
  if (a.kind === "Unary") return a.op === (b as typeof a).op && a.fast === (b as typeof a).fast;
  if (a.kind === "Binary") return a.op === (b as typeof a).op && a.fast === (b as typeof a).fast;
  if (a.kind === "Load")
    return a.buffer === (b as typeof a).buffer && (a.predicate === null) === ((b as typeof a).predicate === null);
  if (a.kind === "Read") return a.tensor === (b as typeof a).tensor;
  if (a.kind === "Shuffle") return a.picks.join() === (b as typeof a).picks.join();
  return a.kind !== "Var" && a.kind !== "Call" && a.kind !== "Reduce";
}
