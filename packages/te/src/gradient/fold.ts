import type { Span } from "@tilewright/diagnostics";
import type { Expr, IterVar, Reduce, Tensor } from "@tilewright/ir";
import type { prod, ReduceOptions, sum } from "../reduce.js";
import { conjunction, type Sensitivity } from "./sensitivity.js";
import { copyAxes } from "./stage.js";

/** One output of a compute, and its gradient over the compute's axes. */
export interface OutputGradient {
  readonly tensor: Tensor;
  readonly gradient: Sensitivity;
}

/** A reduction that is differentiated: its axes have domains of their own, and `conditions` stands for its condition. */
export interface Fold {
  readonly reduce: Reduce;
  readonly conditions: readonly Expr[];
  /** The axes of the compute. */
  readonly outer: readonly IterVar[];
  readonly output: OutputGradient;
  readonly strict: boolean;
  readonly span: Span;
}

/** A second nest over the axes of a fold, for a stage beside it. */
export interface Nest {
  readonly data: readonly IterVar[];
  readonly folded: readonly IterVar[];
  readonly where: Expr | null;
  /** An expression over the fold's axes as one over these. */
  readonly inside: (expr: Expr) => Expr;
}

export function nestBeside({ reduce, outer, conditions }: Fold): Nest {
  const { axes, inside } = copyAxes([...outer, ...reduce.axes]);
  const where = conditions.length === 0 ? null : inside(conjunction(conditions));
  return { data: axes.slice(0, outer.length), folded: axes.slice(outer.length), where, inside };
}

/** A fold of the library, at the place of the call of `gradient`. */
export function foldBy(
  by: typeof sum | typeof prod,
  value: Expr,
  axes: readonly IterVar[],
  where: Expr | null,
  options: Pick<ReduceOptions, "initial" | "strict">,
  span: Span,
): Reduce {
  return { ...by(value, axes, where === null ? options : { ...options, where }), span };
}
