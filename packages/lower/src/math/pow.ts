// x^y = 2^(y · log₂|x|) with the logarithm and the product in double the precision of the type (two floats, exact products by splitting).
// Error: float32 < 3 ulp, float64 < 16 ulp, anywhere, subnormal results included. Special values as in C: x^0 = 1^y = 1, (−1)^±∞ = 1,
// negative numbers to integer powers keep the sign rule, to others give NaN.
import type { Expr } from "@tilewright/ir";
import { type Emitter, nearest, scale, withSignOf } from "./emitter.js";
import { expNearZero } from "./exp.js";
import { decompose } from "./log.js";

/** A value as the sum of two floats, the second below half an ulp of the first. */
interface Pair {
  readonly high: Expr;
  readonly low: Expr;
}

/** 1 / ln 2 in two parts. */
const LOG2E = {
  float32: [1.4426950216293335, 1.9259629911e-8],
  float64: [Math.LOG2E, 2.0355273740931033e-17],
} as const; // biome-ignore format: a table
/** Exponents of results beyond which they are 0 or Infinity. */
const RANGE = { float32: [-151, 129], float64: [-1076, 1025] } as const;
/** 1/3, 1/5, …: artanh(s) / s − 1 over s². */
const SERIES = {
  float32: [1 / 3, 1 / 5, 1 / 7, 1 / 9, 1 / 11],
  float64: Array.from({ length: 11 }, (_, term) => 1 / (2 * term + 3)),
} as const; // biome-ignore format: a table

export function pow(e: Emitter, x: Expr, y: Expr): Expr {
  const a = e.bind("a", e.magnitude(x));
  const logarithm = log2(e, a);
  const product = e.bind("product", e.mul(y, logarithm.high));
  const error = e.bind("error", e.add(productError(e, y, logarithm.high, product), e.mul(y, logarithm.low)));
  const [least, most] = RANGE[e.type];
  const clamped = e.bind("clamped", e.min(e.max(product, least), most));
  const n = nearest(e, clamped);
  const correction = e.select(e.compare("eq", clamped, product), error, 0);
  const fraction = e.bind("fraction", e.add(e.sub(clamped, n.float), correction));
  const r = e.bind("r", e.mul(fraction, Math.LN2));
  return specialCases(e, x, y, a, e.bind("finite", scale(e, expNearZero(e, r), n.bits)));
}

/** log₂ of a finite a > 0. */
function log2(e: Emitter, a: Expr): Pair {
  const { exponent, mantissa } = decompose(e, a);
  const f = e.bind("f", e.sub(mantissa, 1));
  const sum = e.bind("sum", e.add(mantissa, 1));
  const lost = e.bind("lost", e.sub(mantissa, e.sub(sum, 1)));
  const s = e.bind("s", e.div(f, sum));
  const back = e.bind("back", e.mul(s, sum));
  const rest = e.sub(e.sub(e.sub(f, back), productError(e, s, sum, back)), e.mul(s, lost));
  const tail = e.bind("tail", e.div(rest, sum));
  const z = e.bind("z", e.mul(s, s));
  const series = e.mul(e.mul(s, z), e.polynomial(z, SERIES[e.type]));
  const small = e.bind("small", e.add(tail, series));
  const natural = normalized(e, e.add(s, s), e.add(small, small));
  const [high, low] = LOG2E[e.type];
  const scaled = e.bind("scaled", e.mul(natural.high, high));
  const scaledLow = e.add(
    productError(e, natural.high, e.float(high), scaled),
    e.add(e.mul(natural.high, low), e.mul(natural.low, high)),
  );
  const whole = e.bind("whole", e.add(exponent, scaled));
  const part = e.sub(whole, exponent);
  const roundOff = e.add(e.sub(exponent, e.sub(whole, part)), e.sub(scaled, part));
  return normalized(e, whole, e.add(roundOff, scaledLow));
}

function normalized(e: Emitter, high: Expr, low: Expr): Pair {
  const h = e.bind("h", high);
  const l = e.bind("l", low);
  const sum = e.bind("high", e.add(h, l));
  return { high: sum, low: e.bind("low", e.sub(l, e.sub(sum, h))) };
}

/** left · right − product, exactly, where nothing over- or underflows (Dekker). */
function productError(e: Emitter, left: Expr, right: Expr, product: Expr): Expr {
  const a = split(e, left);
  const b = split(e, right);
  const first = e.sub(e.mul(a.high, b.high), product);
  return e.bind("lost", e.add(e.add(first, e.add(e.mul(a.high, b.low), e.mul(a.low, b.high))), e.mul(a.low, b.low)));
}

function split(e: Emitter, value: Expr): Pair {
  const mask = e.type === "float32" ? 0xfffff000n : 0xfffffffff8000000n;
  const high = e.bind("top", e.fromBits(e.integer("bitand", e.bits(value), mask)));
  return { high, low: e.bind("bottom", e.sub(value, high)) };
}

function specialCases(e: Emitter, x: Expr, y: Expr, a: Expr, finite: Expr): Expr {
  const infinity = Number.POSITIVE_INFINITY;
  const half = e.bind("half", e.mul(y, 0.5));
  const whole = e.bind("whole", e.compare("eq", e.floor(y), y));
  const odd = e.both(whole, e.compare("ne", e.floor(half), half));
  const rising = e.bind("rising", e.compare("gt", y, 0));
  const above = e.compare("gt", a, 1);
  const ofInfinitePower = e.select(above, e.select(rising, infinity, 0), e.select(rising, 0, infinity));
  const infinitePower = e.compare("eq", e.magnitude(y), infinity);
  const ofZero = e.select(rising, 0, infinity);
  const ofInfinity = e.select(rising, infinity, 0);
  let result = e.select(infinitePower, ofInfinitePower, finite);
  result = e.select(e.compare("eq", a, 0), ofZero, result);
  result = e.bind("result", e.select(e.compare("eq", a, infinity), ofInfinity, result));
  const signed = e.select(odd, withSignOf(e, result, x), result);
  const negative = e.both(e.compare("lt", x, 0), e.compare("lt", a, infinity));
  const fractional = e.select(whole, 0, 1);
  const real = e.select(e.both(negative, e.compare("eq", fractional, 1)), Number.NaN, signed);
  const notNumber = e.select(e.compare("eq", x, x), e.select(e.compare("eq", y, y), real, y), x);
  const one = e.select(
    e.compare("eq", a, 1),
    e.select(odd, withSignOf(e, e.float(1), x), e.select(negative, e.select(whole, 1, Number.NaN), 1)),
    notNumber,
  );
  return e.select(e.compare("eq", y, 0), 1, e.select(e.compare("eq", x, 1), 1, one));
}
