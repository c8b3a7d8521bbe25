import { type Rule, rule, words } from "../pattern.js";

const { and, eq, ne, not, or, lt, le, gt, ge, p, q, x, y } = words;

/** Truth values. Both sides are always evaluated and pure, so either may be dropped. */
export const booleanRules: readonly Rule[] = [
  rule("and-true", "bool", and(p, true), p),
  rule("and-false", "bool", and(p, false), false),
  rule("and-same", "bool", and(p, p), p),
  rule("and-contradiction", "bool", and(p, not(p)), false),
  rule("and-repeated", "bool", and(p, and(p, q)), and(p, q)),
  rule("and-absorb", "bool", and(p, or(p, q)), p),
  rule("or-true", "bool", or(p, true), true),
  rule("or-false", "bool", or(p, false), p),
  rule("or-same", "bool", or(p, p), p),
  rule("or-complete", "bool", or(p, not(p)), true),
  rule("or-repeated", "bool", or(p, or(p, q)), or(p, q)),
  rule("or-absorb", "bool", or(p, and(p, q)), p),
  rule("not-not", "bool", not(not(p)), p),
  rule("not-and", "bool", not(and(not(p), q)), or(p, not(q))),
  rule("not-or", "bool", not(or(not(p), q)), and(p, not(q))),
  rule("eq-true", "bool", eq(p, true), p),
  rule("eq-false", "bool", eq(p, false), not(p)),
  rule("eq-same", "bool", eq(p, p), true),
  rule("ne-true", "bool", ne(p, true), not(p)),
  rule("ne-false", "bool", ne(p, false), p),
  rule("ne-same", "bool", ne(p, p), false),
];

/** Negations move into comparisons; a NaN is unequal to all and in no order. */
export const negationRules: readonly Rule[] = [
  rule("not-eq", ["index", "integer", "float", "bool"], not(eq(x, y)), ne(x, y)),
  rule("not-ne", ["index", "integer", "float", "bool"], not(ne(x, y)), eq(x, y)),
  rule("not-lt", ["index", "integer"], not(lt(x, y)), ge(x, y)),
  rule("not-le", ["index", "integer"], not(le(x, y)), gt(x, y)),
  rule("not-gt", ["index", "integer"], not(gt(x, y)), le(x, y)),
  rule("not-ge", ["index", "integer"], not(ge(x, y)), lt(x, y)),
];
