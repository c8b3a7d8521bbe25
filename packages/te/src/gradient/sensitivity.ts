import { build, type Expr } from "@tilewright/ir";
import { constant, ifThenElse } from "../math.js";

/** A gradient that is `value` where all of `guards` hold, which read no tensor, and 0 elsewhere. */
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
  const rest = ({ guards, value }: Sensitivity): Expr => chosen(guards.slice(both), value);
  return { guards: a.guards.slice(0, both), value: build.add(rest(a), rest(b)) };
}

/** `value` where all conditions hold, else 0; evaluated only there. */
export function chosen(conditions: readonly Expr[], value: Expr): Expr {
  return conditions.length === 0 ? value : ifThenElse(conjunction(conditions), value, constant(0, value.dtype));
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
