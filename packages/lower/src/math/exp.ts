// e^x = 2^h · 2^h · e^r with h = round(x / 2 ln 2) and |r| ≤ ln 2; e^r by a polynomial. Two factors, each a normal number, reach from the smallest
// subnormal to beyond the largest number. Error: float32 < 2 ulp, float64 < 1.5 ulp, subnormal results included; overflow gives Infinity,
// underflow 0, NaN stays NaN.
import type { Expr } from "@tilewright/ir";
import type { Emitter } from "./emitter.js";

interface Coefficients {
  /** Arguments beyond give 0 and Infinity. */
  readonly smallest: number;
  readonly largest: number;
  /** 2 ln 2 in two parts; products of the first with h are exact. */
  readonly twiceLn2: readonly [number, number];
  /** (e^r − 1 − r) / r². */
  readonly series: readonly number[];
}

export const EXP: { readonly float32: Coefficients; readonly float64: Coefficients } = {
  float32: {
    smallest: -104,
    largest: 89,
    twiceLn2: [1.38671875, -0.0004243888801094813],
    series: [0.5000003576278687, 0.16666613519191742, 0.04166126996278763, 0.008336103521287441, 0.0014104470610618591, 0.00019611600146163255],
  },
  float64: {
    smallest: -746,
    largest: 710,
    twiceLn2: [1.3862943607382476, 3.8164298585411754e-10],
    series: Array.from({ length: 15 }, (_, term) => 1 / factorial(term + 2)),
  },
}; // biome-ignore format: a table

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

export function exp(e: Emitter, x: Expr): Expr {
  const { smallest, largest, twiceLn2 } = EXP[e.type];
  const { magic, mantissaBits, bias } = e.layout;
  const clamped = e.bind("clamped", e.min(e.max(x, smallest), largest)); // a NaN stays, here and in all that follows
  const shifted = e.bind("shifted", e.multiplyAdd(clamped, Math.LOG2E / 2, magic + bias)); // h + bias stands in its low bits
  const h = e.bind("h", e.sub(shifted, magic + bias));
  const [high, low] = twiceLn2;
  const r = e.bind("r", e.multiplyAdd(h, -low, e.multiplyAdd(h, -high, clamped)));
  const factor = e.bind("factor", e.fromBits(e.integer("shl", e.bits(shifted), mantissaBits)));
  return e.mul(e.mul(expNearZero(e, r), factor), factor);
}

/** e^r for |r| ≤ ln 2. */
export function expNearZero(e: Emitter, r: Expr): Expr {
  const series = e.polynomial(r, EXP[e.type].series);
  return e.bind("power", e.add(e.multiplyAdd(e.mul(r, r), series, r), 1));
}
