// log x = e · ln 2 + log m with x = 2^e · m, √½ ≤ m < √2; log m = 2 artanh(s), s = (m − 1) / (m + 1), by a polynomial in s² (the method and the
// coefficients of fdlibm). Error: float32 < 1.5 ulp, float64 < 1.5 ulp, subnormal arguments included; log 0 = −Infinity, of negative
// numbers NaN, of Infinity Infinity.
import type { Expr } from "@tilewright/ir";
import { type Emitter, toFloat } from "./emitter.js";

const LOG = {
  float32: {
    ln2: [6.9313812256e-1, 9.0580006145e-6],
    series: [0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841],
    rootHalfBits: 0x3f3504f3n,
    smallestNormal: 2 ** -126,
  },
  float64: {
    ln2: [0.6931471803691238, 1.9082149292705877e-10],
    series: [
      0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
      0.15313837699209373, 0.14798198605116586,
    ],
    rootHalfBits: 0x3fe6a09e667f3bcdn,
    smallestNormal: 2 ** -1022,
  },
} as const; // biome-ignore format: a table

/** x = 2^exponent · mantissa, √½ ≤ mantissa < √2, for finite x > 0. */
export function decompose(e: Emitter, x: Expr): { readonly exponent: Expr; readonly mantissa: Expr } {
  const { rootHalfBits, smallestNormal } = LOG[e.type];
  const { mantissaBits } = e.layout;
  const subnormal = e.bind("subnormal", e.compare("lt", x, smallestNormal));
  const normal = e.bind("normal", e.select(subnormal, e.mul(x, 2 ** mantissaBits), x));
  const offset = e.bind("offset", e.integer("sub", e.bits(normal), rootHalfBits));
  const shift = e.select(subnormal, mantissaBits, 0);
  const exponent = e.bind("exponent", e.sub(toFloat(e, e.integer("shr", offset, mantissaBits)), shift));
  const low = e.integer("bitand", offset, (1n << BigInt(mantissaBits)) - 1n);
  return { exponent, mantissa: e.bind("mantissa", e.fromBits(e.integer("add", low, rootHalfBits))) };
}

export function log(e: Emitter, x: Expr): Expr {
  const { ln2, series } = LOG[e.type];
  const { exponent, mantissa } = decompose(e, x);
  const f = e.bind("f", e.sub(mantissa, 1));
  const s = e.bind("s", e.div(f, e.add(f, 2)));
  const z = e.bind("z", e.mul(s, s));
  const half = e.bind("half", e.mul(e.mul(f, f), 0.5));
  const rest = e.add(e.mul(s, e.add(half, e.mul(z, e.polynomial(z, series)))), e.mul(exponent, ln2[1]));
  const finite = e.sub(e.mul(exponent, ln2[0]), e.sub(e.sub(half, rest), f));
  const infinite = e.select(e.compare("eq", x, Number.POSITIVE_INFINITY), x, finite);
  const outside = e.select(e.compare("eq", x, 0), Number.NEGATIVE_INFINITY, Number.NaN);
  return e.select(e.compare("gt", x, 0), infinite, outside);
}
