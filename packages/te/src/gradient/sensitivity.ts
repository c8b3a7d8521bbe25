import { build, type Expr, operandsOf } from "@tilewright/ir";
import { constant, ifThenElse, select } from "../math.js";

/**
 * A gradient that is `value` where all of `guards` hold, and 0 elsewhere, whatever the value is there: a derivative that is infinite or no
 * number outside of its domain does no harm.
 */
export interface Sensitivity {
  readonly guards: readonly Expr[];
  readonly value: Expr;
}

/** The same under one more guard; a conjunction counts as its parts. */
export function guarded({ guards, value }: Sensitivity, guard: Expr): Sensitivity {
  return { guards: [...guards, ...conjuncts(guard)], value };
}

/** The sum of two; guards that only one of them has become a choice. */
export function sumOf(a: Sensitivity, b: Sensitivity): Sensitivity {
  let both = 0;
  while (both < a.guards.length && a.guards[both] === b.guards[both]) both++;
  const [restOfA, restOfB] = [a.guards.slice(both), b.guards.slice(both)];
  const guards = a.guards.slice(0, both);
  if (isNegation(restOfB, restOfA)) return { guards, value: build.select(restOfA[0] as Expr, a.value, b.value) };
  if (isNegation(restOfA, restOfB)) return { guards, value: build.select(restOfB[0] as Expr, b.value, a.value) };
  return { guards, value: build.add(chosen(restOfA, a.value), chosen(restOfB, b.value)) };
}

function isNegation([not, ...none]: readonly Expr[], [one, ...others]: readonly Expr[]): boolean {
  return none.length + others.length === 0 && not?.kind === "Unary" && not.op === "not" && not.operand === one;
}

/** `value` where all conditions hold, else 0. Evaluated only there as far as the conditions are of axes, blended where they are of data. */
export function chosen(conditions: readonly Expr[], value: Expr): Expr {
  const ofData = conditions.filter(readsTensor);
  const ofAxes = conditions.filter((condition) => !readsTensor(condition));
  const zero = constant(0, value.dtype);
  const blended = ofData.length === 0 ? value : select(conjunction(ofData), value, zero);
  return ofAxes.length === 0 ? blended : ifThenElse(conjunction(ofAxes), blended, zero);
}

/** The parts of a conjunction. */
export function conjuncts(condition: Expr): readonly Expr[] {
  const parts: Expr[] = [];
  const stack = [condition];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "Binary" && node.op === "and") stack.push(node.right, node.left);
    else parts.push(node);
  }
  return parts;
}

/** All conditions as one; there is at least one. */
export function conjunction(conditions: readonly Expr[]): Expr {
  return conditions.reduce((all, condition) => build.binary("and", all, condition));
}

/** Whether an expression depends on data. */
export function readsTensor(root: Expr): boolean {
  const seen = new Set<Expr>();
  const stack = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Read" || node.kind === "Load" || node.kind === "Call") return true;
    stack.push(...operandsOf(node));
  }
  return false;
}
