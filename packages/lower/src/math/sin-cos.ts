// sin and cos: x − n·π/2 in parts whose products with n are exact, then polynomials on |r| ≤ π/4 chosen by n mod 4 (coefficients of Cephes and
// fdlibm). Error: float32 < 2 ulp for |x| ≤ 1,000 and below 10⁻⁶ absolute for |x| ≤ 30,000; float64 < 2 ulp for |x| ≤ 1,000,000 away
// from huge multiples of π/2. Beyond, precision is lost gradually. NaN and ±Infinity give NaN; sin keeps −0.
import type { Expr } from "@tilewright/ir";
import { type Emitter, nearest } from "./emitter.js";

const PARTS = {
  float32: [1.5703125, 0.0004837512969970703, 7.54978942e-8, 5.390302953474238e-15],
  float64: [1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.4784276603689e-32],
} as const; // biome-ignore format: a table
const SIN = {
  float32: [-1.6666654611e-1, 8.3321608736e-3, -1.9515295891e-4],
  float64: [
    -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-06, -2.5050760253406863e-08,
    1.58969099521155e-10,
  ],
} as const; // biome-ignore format: a table
const COS = {
  float32: [4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5],
  float64: [
    0.0416666666666666, -0.001388888888887411, 2.480158728947673e-05, -2.7557314351390663e-07, 2.087572321298175e-09,
    -1.1359647557788195e-11,
  ],
} as const; // biome-ignore format: a table

export function sin(e: Emitter, x: Expr): Expr {
  const a = e.bind("a", e.magnitude(x));
  const { sine, cosine, quadrant } = reduced(e, a);
  const swap = isSet(e, quadrant, 1n);
  const value = e.bind("value", e.select(swap, cosine, sine));
  const flip = e.integer("bitxor", signOf(e, quadrant), e.integer("bitand", e.bits(x), e.layout.signMask));
  return e.fromBits(e.integer("bitxor", e.bits(value), flip));
}

export function cos(e: Emitter, x: Expr): Expr {
  const { sine, cosine, quadrant } = reduced(e, e.bind("a", e.magnitude(x)));
  const value = e.bind("value", e.select(isSet(e, quadrant, 1n), sine, cosine));
  const flip = signOf(e, e.integer("add", quadrant, 1));
  return e.fromBits(e.integer("bitxor", e.bits(value), flip));
}

/** True where a bit of `value` is set. */
function isSet(e: Emitter, value: Expr, mask: bigint): Expr {
  return e.compare("ne", e.integer("bitand", value, mask), e.int(0));
}

/** The sign bit where bit 1 of `quadrant` is set. */
function signOf(e: Emitter, quadrant: Expr): Expr {
  const width = e.type === "float32" ? 32 : 64;
  return e.integer("shl", e.integer("bitand", quadrant, 2), width - 2);
}

function reduced(e: Emitter, a: Expr): { readonly sine: Expr; readonly cosine: Expr; readonly quadrant: Expr } {
  const n = nearest(e, e.mul(a, 2 / Math.PI));
  const rest = PARTS[e.type].reduce<Expr>((left, part) => e.sub(left, e.mul(n.float, part)), a);
  const r = e.bind("r", rest);
  const z = e.bind("z", e.mul(r, r));
  const sine = e.add(r, e.mul(e.mul(z, r), e.polynomial(z, SIN[e.type])));
  const half = e.mul(z, 0.5);
  const cosine = e.add(e.sub(1, half), e.mul(e.mul(z, z), e.polynomial(z, COS[e.type])));
  return { sine, cosine, quadrant: n.int() };
}
