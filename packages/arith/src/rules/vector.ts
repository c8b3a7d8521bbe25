import { floorModulo, gcd } from "../integers.js";
import { type Match, type Rule, rule, type TypeClass, words } from "../pattern.js";

const { add, broadcast, c0, floordiv, floormod, mul, neg, ramp, sub, w, x, y, z } = words;
const INTEGERS: readonly TypeClass[] = ["index", "integer"];

/** All lanes of ramp(x, y) lie in one block of c0 elements: x mod c0 is at most c0 − g + r, where x ≡ r mod g and g divides c0. */
const inOneBlock = ({ bounds, modulus, number, lanes }: Match): boolean => {
  const divisor = number("c0");
  const stride = bounds("y");
  if (!(divisor > 0) || !(stride.min >= 0)) return false;
  const residue = modulus("x");
  const step = gcd(residue.modulus, divisor);
  return floorModulo(residue.remainder, step) + stride.max * (lanes - 1) < step;
};
const strideIsMultiple = ({ bounds, number }: Match): boolean => {
  const stride = bounds("y");
  return number("c0") > 0 && stride.min === stride.max && stride.min % number("c0") === 0;
};

/** Vectors of indices, lane by lane: ramp(base, stride) is base + stride · lane. Operators on broadcasts are done in `analyzer.ts`. */
export const vectorRules: readonly Rule[] = [
  rule("ramp-stride-zero", INTEGERS, ramp(x, 0), broadcast(x)),
  rule("add-ramp-broadcast", INTEGERS, add(ramp(x, y), broadcast(z)), ramp(add(x, z), y)),
  rule("add-ramp-ramp", INTEGERS, add(ramp(x, y), ramp(z, w)), ramp(add(x, z), add(y, w))),
  rule("sub-ramp-broadcast", INTEGERS, sub(ramp(x, y), broadcast(z)), ramp(sub(x, z), y)),
  rule("sub-broadcast-ramp", INTEGERS, sub(broadcast(z), ramp(x, y)), ramp(sub(z, x), sub(0, y))),
  rule("sub-ramp-ramp", INTEGERS, sub(ramp(x, y), ramp(z, w)), ramp(sub(x, z), sub(y, w))),
  rule("mul-ramp-broadcast", INTEGERS, mul(ramp(x, y), broadcast(z)), ramp(mul(x, z), mul(y, z))),
  rule("neg-ramp", INTEGERS, neg(ramp(x, y)), ramp(neg(x), neg(y))),
  rule("floordiv-ramp-block", "index", floordiv(ramp(x, y), c0), broadcast(floordiv(x, c0)), inOneBlock),
  rule("floormod-ramp-block", "index", floormod(ramp(x, y), c0), ramp(floormod(x, c0), y), inOneBlock),
  rule(
    "floordiv-ramp-multiple",
    "index",
    floordiv(ramp(x, y), c0),
    ramp(floordiv(x, c0), floordiv(y, c0)),
    strideIsMultiple,
  ),
  rule("floormod-ramp-multiple", "index", floormod(ramp(x, y), c0), broadcast(floormod(x, c0)), strideIsMultiple),
];
