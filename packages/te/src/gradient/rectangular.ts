import { type Domain, type Interval, intervalOf, simplify, usesAny } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { build, type Expr, type IterVar, int, isConst, type Var } from "@tilewright/ir";
import { unboundedAxis } from "./errors.js";
import { readsTensor } from "./sensitivity.js";

/** What is known of the values of axes: constant ranges, and conditions where lengths are symbols. */
export interface Knowledge {
  readonly ranges: ReadonlyMap<Var, Interval>;
  readonly facts: readonly Expr[];
}

/** What the domains of axes say. An axis of length 0 says nothing: there is no value to speak of. */
export function knowledgeOf(axes: readonly IterVar[]): Knowledge {
  const ranges = new Map<Var, Interval>();
  const facts: Expr[] = [];
  for (const axis of axes) {
    const { variable, min, extent } = axis;
    if (isConst(min) && isConst(extent)) {
      const first = Number(min.value);
      if (Number(extent.value) > 0) ranges.set(variable, { min: first, max: first + Number(extent.value) - 1 });
    } else facts.push(...insideOf(variable, axis));
  }
  return { ranges, facts };
}

/** A value lies in the domain of an axis. */
export function insideOf(value: Expr, { min, extent }: IterVar): readonly [Expr, Expr] {
  const end = isConst(min, 0) ? extent : build.add(min, extent);
  return [build.binary("ge", value, min), build.binary("lt", value, end)];
}

/**
 * Axes whose domains do not use each other: a domain that does, as that of a triangle, becomes the smallest one that holds it, and a
 * condition.
 * @throws CompileError `TE306` when data bounds it.
 */
export function rectangular(
  axes: readonly IterVar[],
  outer: readonly IterVar[],
  span: Span,
): { readonly axes: readonly IterVar[]; readonly conditions: readonly Expr[] } {
  const around = new Map<Var, Domain>(outer.map((each) => [each.variable, each]));
  const made: IterVar[] = [];
  const conditions: Expr[] = [];
  for (const axis of axes) {
    const bounds = [axis.min, axis.extent];
    if (bounds.some(readsTensor)) throw new CompileError(unboundedAxis(axis, span));
    const dependent = bounds.some((bound) => usesAny(bound, new Set(around.keys())));
    const own = dependent ? hull(axis, around, [...outer, ...made], span) : axis;
    if (dependent) conditions.push(...insideOf(axis.variable, axis));
    made.push(own);
    around.set(own.variable, own);
  }
  return { axes: made, conditions };
}

function hull(axis: IterVar, around: ReadonlyMap<Var, Domain>, others: readonly IterVar[], span: Span): IterVar {
  const context = knowledgeOf(others);
  const first = intervalOf(axis.min, around, context).min;
  const last = intervalOf(build.sub(build.add(axis.min, axis.extent), int(1)), around, context).max;
  if (first === null || last === null) throw new CompileError(unboundedAxis(axis, span));
  const extent = build.add(build.sub(last, first), int(1));
  return { ...axis, min: first, extent: simplify(build.binary("max", extent, int(0)), context) };
}
