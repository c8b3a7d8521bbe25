import { type Rule, rule, words } from "../pattern.js";

const { c0, c1, max, min, x, y, z } = words;

/** Smaller and larger values of integers; two operands whose order is known are settled before these rules. */
export const extremumRules: readonly Rule[] = [
  rule("min-same", ["index", "integer", "float"], min(x, x), x),
  rule("max-same", ["index", "integer", "float"], max(x, x), x),
  rule("min-settled", "integer", min(x, y), x, ({ bounds }) => bounds("x").max <= bounds("y").min),
  rule("max-settled", "integer", max(x, y), x, ({ bounds }) => bounds("x").min >= bounds("y").max),
  rule("min-constants", ["index", "integer"], min(min(x, c0), c1), min(x, min(c0, c1))),
  rule("max-constants", ["index", "integer"], max(max(x, c0), c1), max(x, max(c0, c1))),
  rule("min-repeated", ["index", "integer"], min(x, min(x, y)), min(x, y)),
  rule("max-repeated", ["index", "integer"], max(x, max(x, y)), max(x, y)),
  rule("min-absorb", ["index", "integer"], min(x, max(x, y)), x),
  rule("max-absorb", ["index", "integer"], max(x, min(x, y)), x),
  rule("min-implied", "index", min(min(x, y), z), min(x, y), ({ proves }) => proves("x", "le", "z")),
  rule("max-implied", "index", max(max(x, y), z), max(x, y), ({ proves }) => proves("z", "le", "x")),
  rule("min-smaller", "index", min(min(x, y), z), min(y, z), ({ proves }) => proves("z", "le", "x")),
  rule("max-larger", "index", max(max(x, y), z), max(y, z), ({ proves }) => proves("x", "le", "z")),
  rule("min-of-max", "index", min(max(x, y), z), z, ({ proves }) => proves("z", "le", "x")),
  rule("max-of-min", "index", max(min(x, y), z), z, ({ proves }) => proves("x", "le", "z")),
  rule("clamp-low-first", "index", min(max(x, y), z), min(x, z), ({ proves }) => proves("y", "le", "x")),
];
