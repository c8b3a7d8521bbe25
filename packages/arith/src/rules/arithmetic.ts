import { type Match, type Rule, rule, words } from "../pattern.js";
import { roundTo } from "../round.js";

const {
  abs,
  add,
  bitand,
  bitnot,
  bitor,
  bitxor,
  c0,
  c1,
  div,
  floordiv,
  floormod,
  mul,
  neg,
  shl,
  shr,
  sub,
  truncdiv,
  truncmod,
  x,
  y,
} = words;

/** Whether dividing by c0 is multiplying by its reciprocal: a power of two whose reciprocal is normal. */
const reciprocalIsExact = ({ number, dtype }: Match): boolean => {
  const divisor = Math.abs(number("c0"));
  if (!(divisor >= 2 ** -12 && divisor <= 2 ** 12)) return false;
  return (
    Number.isInteger(Math.log2(divisor)) &&
    2 ** Math.log2(divisor) === divisor &&
    roundTo(1 / divisor, dtype) === 1 / divisor
  );
};

/** Data integers: everything wraps, so the ring laws hold; divisions only where nothing can wrap. */
export const integerRules: readonly Rule[] = [
  rule("add-zero", "integer", add(x, 0), x),
  rule("add-constants", "integer", add(add(x, c0), c1), add(x, add(c0, c1))),
  rule("add-sub-constants", "integer", add(sub(x, c0), c1), add(x, sub(c1, c0))),
  rule("add-cancel", "integer", add(sub(x, y), y), x),
  rule("sub-zero", "integer", sub(x, 0), x),
  rule("sub-same", "integer", sub(x, x), 0),
  rule("sub-cancel-right", "integer", sub(add(x, y), y), x),
  rule("sub-constant", "integer", sub(add(x, c0), c1), add(x, sub(c0, c1))),
  rule("mul-zero", "integer", mul(x, 0), 0),
  rule("mul-one", "integer", mul(x, 1), x),
  rule("mul-constants", "integer", mul(mul(x, c0), c1), mul(x, mul(c0, c1))),
  rule("integer-floordiv-one", "integer", floordiv(x, 1), x),
  rule("truncdiv-one", "integer", truncdiv(x, 1), x),
  rule("integer-floormod-one", "integer", floormod(x, 1), 0),
  rule("truncmod-one", "integer", truncmod(x, 1), 0),
  rule("neg-neg", ["index", "integer"], neg(neg(x)), x),
  rule("abs-of-positive", ["index", "integer"], abs(x), x, ({ bounds }) => bounds("x").min >= 0),
  rule("bitand-zero", "integer", bitand(x, 0), 0),
  rule("bitand-same", "integer", bitand(x, x), x),
  rule("bitor-zero", "integer", bitor(x, 0), x),
  rule("bitor-same", "integer", bitor(x, x), x),
  rule("bitxor-zero", "integer", bitxor(x, 0), x),
  rule("bitxor-same", "integer", bitxor(x, x), 0),
  rule("bitnot-bitnot", "integer", bitnot(bitnot(x)), x),
  rule("shl-zero", "integer", shl(x, 0), x),
  rule("shr-zero", "integer", shr(x, 0), x),
];

/** Floats: only what is exact for every value, −0 and NaN among them. x + 0 and x · 0 are not. */
export const floatRules: readonly Rule[] = [
  rule("float-mul-one", "float", mul(x, 1), x),
  rule("float-div-one", "float", div(x, 1), x),
  rule("float-sub-zero", "float", sub(x, 0), x),
  rule("float-add-negative-zero", "float", add(x, -0), x),
  rule("float-mul-minus-one", "float", mul(x, -1), neg(x)),
  rule("float-div-minus-one", "float", div(x, -1), neg(x)),
  rule("float-neg-neg", "float", neg(neg(x)), x),
  rule("float-add-neg", "float", add(x, neg(y)), sub(x, y)),
  rule("float-sub-neg", "float", sub(x, neg(y)), add(x, y)),
  rule("float-mul-neg-neg", "float", mul(neg(x), neg(y)), mul(x, y)),
  rule("float-abs-neg", "float", abs(neg(x)), abs(x)),
  rule("float-div-power-of-two", "float", div(x, c0), mul(x, div(1, c0)), reciprocalIsExact),
];
