import { usesAny } from "@tilewright/arith";
import { build, type Const, type Expr, type Var } from "@tilewright/ir";
import { readsOf } from "./infer-bounds.js";
import type { Stage } from "./schedule.js";

/** `value` where `inside` holds, else `constant`. */
export interface Padding {
  readonly inside: Expr;
  readonly value: Expr;
  readonly constant: Const;
}

/**
 * An expression as padding: a choice between a value and a constant, by conditions on the axes alone. Choices within the value that fall
 * back to the same constant are conditions of the same padding. Null when it is none.
 */
export function paddingOf(body: Expr | undefined, axes: ReadonlySet<Var>): Padding | null {
  const conditions: Expr[] = [];
  let value = body;
  let constant: Const | null = null;
  while (value?.kind === "IfThenElse" || value?.kind === "Select") {
    const { condition, whenTrue, whenFalse }: { condition: Expr; whenTrue: Expr; whenFalse: Expr } = value;
    if (whenFalse.kind !== "Const" || readsOf([condition]).length > 0 || !usesAny(condition, axes)) break;
    if (constant !== null && !Object.is(constant.value, whenFalse.value)) break;
    constant = whenFalse;
    conditions.push(condition);
    value = whenTrue;
  }
  if (value === undefined || constant === null) return null;
  return { inside: conditions.reduce((all, next) => build.binary("and", all, next)), value, constant };
}

/** The padding of a stage that fills it with a sweep, and how many of the stage's loops stand around that; null when it does not. */
export function filledPadding(
  { initialAt, axes, leaves }: Stage,
  bodies: readonly Expr[],
): (Padding & { readonly depth: number }) | null {
  if (initialAt === null) return null;
  const padding = paddingOf(bodies[0], new Set(axes.map(({ variable }) => variable)));
  return padding === null ? null : { ...padding, depth: Math.max(0, leaves.indexOf(initialAt)) };
}
