import type { DType } from "@tilewright/ir";

/** Precision in bits, smallest normal exponent, largest finite value. */
const NARROW: { readonly [D in DType]?: readonly [bits: number, minExponent: number, max: number] } = {
  float16: [11, -14, 65504],
  bfloat16: [8, -126, 3.3895313892515355e38],
};

/**
 * A double rounded to the nearest value of a float type, ties to even; beyond the largest finite value to infinity.
 * Sums, products, quotients and square roots computed in double and rounded so are correctly rounded for every narrower type.
 */
export function roundTo(value: number, dtype: DType): number {
  if (dtype === "float32") return Math.fround(value);
  const format = NARROW[dtype];
  if (format === undefined || value === 0 || !Number.isFinite(value)) return value;
  const [bits, minExponent, max] = format;
  const quantum = 2 ** (Math.max(exponentOf(value), minExponent) - bits + 1);
  const rounded = roundHalfEven(value / quantum) * quantum;
  if (Math.abs(rounded) > max) return value < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return rounded === 0 && value < 0 ? -0 : rounded;
}

/** To the nearest integer, ties to even, keeping the sign of zero. */
export function roundHalfEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 2 ** 52) return value;
  const below = Math.floor(value);
  const rest = value - below;
  const rounded = rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
  return rounded === 0 && (value < 0 || Object.is(value, -0)) ? -0 : rounded;
}

/** ⌊log2 |value|⌋ of a finite value other than 0. */
function exponentOf(value: number): number {
  const magnitude = Math.abs(value);
  let exponent = Math.floor(Math.log2(magnitude));
  while (2 ** exponent > magnitude) exponent--;
  while (2 ** (exponent + 1) <= magnitude) exponent++;
  return exponent;
}
