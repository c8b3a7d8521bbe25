import { affineMap } from "@tilewright/arith";
import type { Expr, IterVar, Var } from "@tilewright/ir";
import { placementOf } from "./layout.js";
import type { LayoutDigit, LayoutDimension } from "./schedule.js";

type Sum = NonNullable<ReturnType<typeof affineMap>>["outputs"][number];

/**
 * Index expressions as a layout. Rule: of each expression the sum of digits that `affineMap` finds; a digit whose factor is just above
 * the reach of those after it has none of its own, so that the layout fits other extents too. Dimensions of one element, which expressions
 * need not mention, come first in the memory.
 *
 * @returns the layout, or why there is none
 */
export function layoutOf(
  axes: readonly IterVar[],
  extents: readonly number[],
  outputs: readonly Expr[],
): readonly LayoutDimension[] | string {
  const inputs = axes.map(({ variable }, dimension) => ({ variable, extent: Math.max(1, extents[dimension] ?? 1) }));
  const map = affineMap(inputs, outputs);
  if (map === undefined)
    return "index expressions that are no sums of digits: use +, multiplication, floor division and remainder by constants";
  const dimensions = new Map<Var, number>(axes.map(({ variable }, dimension) => [variable, dimension]));
  const context = { dimensions, extents, mentioned: new Set<number>() };
  const layout: LayoutDimension[] = [];
  for (const sum of map.outputs) {
    const dimension = dimensionOf(sum, context);
    if (typeof dimension === "string") return dimension;
    layout.push(dimension);
  }
  const missing = axes.flatMap((_, dimension) =>
    context.mentioned.has(dimension) || (extents[dimension] ?? 1) > 1 ? [] : [whole(dimension)],
  );
  const [first, ...rest] = layout;
  return first === undefined || missing.length === 0
    ? layout
    : [{ ...first, digits: [...missing, ...first.digits] }, ...rest];
}

interface Context {
  readonly dimensions: ReadonlyMap<Var, number>;
  readonly extents: readonly number[];
  readonly mentioned: Set<number>;
}

const whole = (dimension: number): LayoutDigit => ({ dimension, divisor: 1, modulus: null, factor: null });

function dimensionOf({ digits, offset }: Sum, context: Context): LayoutDimension | string {
  if (offset < 0) return `an offset of ${offset}`;
  const made: LayoutDigit[] = [];
  for (const { input, divisor, modulus, factor, range } of digits) {
    if (factor < 0) return `a factor of ${factor}: memory counts upwards`;
    const source = "kind" in input ? (context.dimensions.get(input) ?? 0) : dimensionOf(input, context);
    if (typeof source === "string") return source;
    if (typeof source === "number") context.mentioned.add(source);
    made.push({
      dimension: source,
      divisor,
      modulus: isLeading(source, divisor, modulus, range, context) ? null : modulus,
      factor,
    });
  }
  return { digits: packed(made, offset, context.extents), offset };
}

/** Whether a remainder takes all values that are left, so that it is none. */
function isLeading(
  source: number | LayoutDimension,
  divisor: number,
  modulus: number | null,
  range: { readonly min: number; readonly max: number },
  { extents }: Context,
): boolean {
  if (modulus === null) return true;
  if (range.max < modulus - 1) return true;
  const extent = typeof source === "number" ? (extents[source] ?? 1) : (placementOf([source], extents)[0]?.extent ?? 1);
  return divisor * modulus >= extent;
}

/** Factors that the digits after them call for anyway are left out. */
function packed(digits: readonly LayoutDigit[], offset: number, extents: readonly number[]): readonly LayoutDigit[] {
  const free = digits.map((digit) => ({ ...digit, factor: null }));
  const made: LayoutDigit[] = [];
  for (let position = digits.length - 1; position >= 0; position--) {
    const digit = digits[position] as LayoutDigit;
    const [placed] = placementOf([{ digits: [free[position] as LayoutDigit, ...made], offset }], extents);
    made.unshift(placed?.digits[0]?.step === digit.factor ? (free[position] as LayoutDigit) : digit);
  }
  return made;
}
