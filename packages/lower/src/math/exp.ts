// e^x = 2^n · e^r with n = round(x / ln 2) and |r| ≤ ln 2 / 2; e^r by a polynomial. Error: float32 < 1.5 ulp, float64 < 1.5 ulp, subnormal
// results included; overflow gives Infinity, underflow 0, NaN stays NaN.
import type { Expr } from "@tilewright/ir";
import { type Emitter, nearest, scale } from "./emitter.js";

interface Coefficients {
  /** Arguments beyond give 0 and Infinity. */
  readonly smallest: number;
  readonly largest: number;
  /** ln 2 in two parts; products of the first with n are exact. */
  readonly ln2: readonly [number, number];
  /** (e^r − 1 − r) / r². */
  readonly series: readonly number[];
}

export const EXP: { readonly float32: Coefficients; readonly float64: Coefficients } = {
  float32: {
    smallest: -104,
    largest: 89,
    ln2: [0.693359375, -0.00021219444005469057],
    series: [0.5, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.987569150e-4],
  },
  float64: {
    smallest: -746,
    largest: 710,
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    series: Array.from({ length: 12 }, (_, term) => 1 / factorial(term + 2)),
  },
}; // biome-ignore format: a table

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

export function exp(e: Emitter, x: Expr): Expr {
  const { smallest, largest, ln2, series } = EXP[e.type];
  const clamped = e.bind("clamped", e.min(e.max(x, smallest), largest)); // a NaN stays, here and in all that follows
  const n = nearest(e, e.mul(clamped, Math.LOG2E));
  const r = e.bind("r", e.sub(e.sub(clamped, e.mul(n.float, ln2[0])), e.mul(n.float, ln2[1])));
  const power = e.bind("power", e.add(e.add(e.mul(e.mul(r, r), e.polynomial(r, series)), r), 1));
  return scale(e, power, n.bits);
}
