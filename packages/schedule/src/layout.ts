import { build, type Expr, int } from "@tilewright/ir";
import type { LayoutDimension } from "./schedule.js";

/** A digit of an index of known extent: each step of it is `step` elements of the dimension. */
interface PlacedDigit {
  readonly source: number | PlacedDimension;
  readonly divisor: number;
  readonly modulus: number | null;
  readonly extent: number;
  readonly step: number;
}

/** One dimension of a memory whose extents are known. */
export interface PlacedDimension {
  readonly digits: readonly PlacedDigit[];
  readonly offset: number;
  readonly extent: number;
}

/**
 * A layout for indices of given extents. Rule: a digit steps over all values of the digits after it, and further where its factor says
 * so; a layout that names all digits once is therefore one-to-one for every extent.
 */
export function placementOf(
  layout: readonly LayoutDimension[],
  extents: readonly number[],
): readonly PlacedDimension[] {
  return layout.map((dimension) => placed(dimension, extents));
}

function placed({ digits, offset }: LayoutDimension, extents: readonly number[]): PlacedDimension {
  let reach = 1;
  const made = [...digits].reverse().map(({ dimension, divisor, modulus, factor }): PlacedDigit => {
    const source = typeof dimension === "number" ? dimension : placed(dimension, extents);
    const whole = typeof source === "number" ? (extents[source] ?? 1) : source.extent;
    const extent = modulus ?? Math.max(1, Math.ceil(whole / divisor));
    const step = Math.max(factor ?? 1, reach);
    reach += step * (extent - 1);
    return { source, divisor, modulus, extent, step };
  });
  return { digits: made.reverse(), offset, extent: offset + reach };
}

/** Where the element at `indices` lies along a dimension of the memory. */
export function positionIn(
  { digits, offset }: PlacedDimension,
  indices: readonly Expr[],
  simple: (expr: Expr) => Expr,
): Expr {
  const terms = digits.map(({ source, divisor, modulus, step }) => {
    const whole = typeof source === "number" ? (indices[source] as Expr) : positionIn(source, indices, simple);
    const outer = divisor === 1 ? whole : build.binary("floordiv", whole, int(divisor));
    const digit = simple(modulus === null ? outer : build.binary("floormod", outer, int(modulus)));
    return step === 1 ? digit : build.mul(digit, int(step));
  });
  const all = offset === 0 && terms.length > 0 ? terms : [...terms, int(offset)];
  return all.length === 1 ? (all[0] as Expr) : simple(all.reduce((sum, term) => build.add(sum, term)));
}
