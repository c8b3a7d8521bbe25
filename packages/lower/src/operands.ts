import type { Expr } from "@tilewright/ir";

const NONE: readonly Expr[] = [];

/** The expressions that an expression is made of, in evaluation order. */
export function operandsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "Const":
    case "Var":
      return NONE;
    case "Binary":
      return [expr.left, expr.right];
    case "Unary":
    case "Cast":
    case "Reinterpret":
    case "Broadcast":
      return [expr.operand];
    case "Select":
    case "IfThenElse":
      return [expr.condition, expr.whenTrue, expr.whenFalse];
    case "Load":
      return expr.predicate === null ? expr.indices : [...expr.indices, expr.predicate];
    case "Ramp":
      return [expr.base, expr.stride];
    case "Shuffle":
      return expr.vectors;
    case "Call":
      return expr.args;
    case "Read":
      return expr.indices;
    case "Reduce":
      return expr.sources;
  }
}

/** The expression with other operands, in the order of `operandsOf`; itself when all are the same. */
export function withOperands(expr: Expr, operands: readonly Expr[]): Expr {
  const before = operandsOf(expr);
  if (before.every((operand, position) => operand === operands[position])) return expr;
  const [first, second, third] = operands as [Expr, Expr, Expr];
  switch (expr.kind) {
    case "Binary":
      return { ...expr, left: first, right: second };
    case "Unary":
    case "Cast":
    case "Reinterpret":
    case "Broadcast":
      return { ...expr, operand: first };
    case "Select":
    case "IfThenElse":
      return { ...expr, condition: first, whenTrue: second, whenFalse: third };
    case "Load": {
      const count = expr.indices.length;
      return { ...expr, indices: operands.slice(0, count), predicate: operands[count] ?? null };
    }
    case "Ramp":
      return { ...expr, base: first, stride: second };
    case "Shuffle":
      return { ...expr, vectors: operands };
    case "Call":
      return { ...expr, args: operands };
    default:
      return expr;
  }
}

/** Whether `test` holds for any node of `expr`. */
export function someExpr(expr: Expr, test: (node: Expr) => boolean): boolean {
  if (expr.kind === "Const" || expr.kind === "Var") return test(expr);
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (test(node)) return true;
    for (const operand of operandsOf(node)) stack.push(operand);
  }
  return false;
}

/**
 * Calls `visit` once for each distinct node below `root`, operands first, without recursion. Nodes in `done` are skipped and
 * visited ones added.
 */
export function postorder<T>(root: Expr, done: Map<Expr, T>, visit: (expr: Expr) => T): T {
  const stack: Expr[] = [root];
  for (let expr = stack[stack.length - 1]; expr !== undefined; expr = stack[stack.length - 1]) {
    if (done.has(expr)) {
      stack.pop();
      continue;
    }
    let ready = true;
    for (const operand of operandsOf(expr)) {
      if (done.has(operand)) continue;
      stack.push(operand);
      ready = false;
    }
    if (!ready) continue;
    stack.pop();
    done.set(expr, visit(expr));
  }
  return done.get(root) as T;
}
