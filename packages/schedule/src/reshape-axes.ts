import { type Interval, Simplifier } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { at, type Expr, type IterVar, int, rewrite, substitute, type Var } from "@tilewright/ir";
import { extentOf } from "./axis-extent.js";
import { freshAxis } from "./compute-stage.js";
import { badLayout } from "./errors.js";
import { placementOf, positionIn } from "./layout.js";
import { uniqueName } from "./lookup.js";
import type { LayoutDimension } from "./schedule.js";

/** The axes of a stage in another form, each element still once. */
export interface ReshapedAxes {
  readonly axes: readonly IterVar[];
  /** What the new axes are at the old ones. */
  readonly indices: readonly Expr[];
  /** From old axes to those that stand for them alone. */
  readonly moved: ReadonlyMap<IterVar, IterVar>;
  /** An expression of the old axes in the new ones; indices are simplified, so that a read uses only axes that it depends on. */
  express(body: Expr): Expr;
}

/**
 * New axes, each a sum of digits of the old ones.
 * @throws CompileError SCH115 a layout that has room for more elements than there are
 */
export function reshapeAxes(
  stage: string,
  axes: readonly IterVar[],
  layout: readonly LayoutDimension[],
  span: Span,
): ReshapedAxes {
  const b = at(span);
  const extents = axes.map(extentOf);
  const placed = placementOf(layout, extents);
  const whole = layout.map((dimension) => wholeAxis(dimension, axes));
  const kept = new Set(whole);
  const fail = (why: string): never => {
    throw new CompileError(badLayout(stage, why, span));
  };
  const room = product(placed.filter((_, k) => whole[k] === undefined).map(({ extent }) => extent));
  const count = product(extents.filter((_, k) => !kept.has(axes[k])));
  if (room !== count) fail(`room for ${room} elements, where there are ${count}`);
  const taken = new Set<string>();
  const made = placed.map(({ extent }, position) => {
    const name = uniqueName(nameOf(layout[position] as LayoutDimension, axes), taken);
    taken.add(name);
    return freshAxis(name, whole[position]?.extent ?? int(extent), span);
  });
  const [before, after] = [new Simplifier({ ranges: rangesOf(axes) }), new Simplifier({ ranges: rangesOf(made) })];
  const simple = (expr: Expr): Expr => after.simplify(expr);
  const sums = new Map<Var, Expr>();
  for (const [position, { digits }] of placed.entries())
    for (const [k, { source, divisor, extent, step }] of digits.entries()) {
      if (typeof source !== "number") return fail("a digit of a sum");
      const { variable } = axes[source] as IterVar;
      const own = (made[position] as IterVar).variable;
      const rest = b.binary("floordiv", own, int(step));
      const digit = b.mul(k === 0 ? rest : b.binary("floormod", rest, int(extent)), int(divisor));
      const sum = sums.get(variable);
      sums.set(variable, sum === undefined ? digit : b.add(sum, digit));
    }
  const values = new Map([...sums].map(([variable, sum]) => [variable, simple(sum)]));
  const old = axes.map(({ variable }) => variable);
  return {
    axes: made,
    indices: placed.map((dimension) => positionIn(dimension, old, (expr) => before.simplify(expr))),
    moved: new Map(whole.flatMap((axis, k) => (axis === undefined ? [] : [[axis, made[k] as IterVar]]))),
    express: (body) =>
      rewrite(substitute(body, values), {
        Read: (read) => ({ ...read, indices: read.indices.map(simple) }),
        Reduce: (reduce) =>
          reduce.condition === null ? undefined : { ...reduce, condition: simple(reduce.condition) },
      }),
  };
}

const product = (numbers: readonly number[]): number => numbers.reduce((all, each) => all * each, 1);

/** Of axes with one value too nothing is known, so that they stay in indices: a read at an axis of extent 1 is still a read along it. */
const rangesOf = (axes: readonly IterVar[]): ReadonlyMap<Var, Interval> =>
  new Map(
    axes.filter((axis) => extentOf(axis) > 1).map((axis) => [axis.variable, { min: 0, max: extentOf(axis) - 1 }]),
  );

/** The axis that a dimension is. */
function wholeAxis({ digits, offset }: LayoutDimension, axes: readonly IterVar[]): IterVar | undefined {
  const [only, ...others] = digits;
  if (only === undefined || others.length > 0 || offset > 0) return undefined;
  const { dimension, divisor, modulus, factor } = only;
  return typeof dimension === "number" && divisor === 1 && modulus === null && (factor ?? 1) === 1
    ? axes[dimension]
    : undefined;
}

/** The names of the axes in it; of a part of one, which part it is. */
function nameOf({ digits }: LayoutDimension, axes: readonly IterVar[]): string {
  return digits
    .map(({ dimension, divisor, modulus }) => {
      const name = typeof dimension === "number" ? (axes[dimension]?.name ?? "") : "";
      return divisor > 1 ? `${name}.outer` : modulus !== null ? `${name}.inner` : name;
    })
    .join(".");
}
