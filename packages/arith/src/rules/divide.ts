import { type Match, type Rule, rule, words } from "../pattern.js";

const { c0, c1, floordiv, floormod, max, min, mul, truncdiv, truncmod, x, y } = words;

const positive =
  (...names: readonly string[]) =>
  ({ number }: Match): boolean =>
    names.every((name) => number(name) > 0);
const divides = ({ number }: Match): boolean =>
  number("c1") > 0 && number("c0") > 0 && number("c0") % number("c1") === 0;
const natural = ({ bounds }: Match): boolean => bounds("x").min >= 0 && bounds("y").min > 0;
const nonzero = ({ bounds }: Match): boolean => bounds("x").min > 0 || bounds("x").max < 0;

/** Divisions of `index`, beside the ones of sums, which `divide.ts` splits into multiples and rests. */
export const divideRules: readonly Rule[] = [
  rule("floordiv-one", "index", floordiv(x, 1), x),
  rule("floormod-one", "index", floormod(x, 1), 0),
  rule("floordiv-same", "index", floordiv(x, x), 1, nonzero),
  rule("floormod-same", "index", floormod(x, x), 0, nonzero),
  rule("floordiv-floordiv", "index", floordiv(floordiv(x, c0), c1), floordiv(x, mul(c0, c1)), positive("c0", "c1")),
  rule(
    "floordiv-floormod",
    "index",
    floordiv(floormod(x, c0), c1),
    floormod(floordiv(x, c1), floordiv(c0, c1)),
    divides,
  ),
  rule("floormod-floormod", "index", floormod(floormod(x, c0), c1), floormod(x, c1), divides),
  rule("floormod-repeated", "index", floormod(floormod(x, c0), c0), floormod(x, c0), positive("c0")),
  rule("floordiv-min", "index", floordiv(min(x, c0), c1), min(floordiv(x, c1), floordiv(c0, c1)), positive("c1")),
  rule("floordiv-max", "index", floordiv(max(x, c0), c1), max(floordiv(x, c1), floordiv(c0, c1)), positive("c1")),
  rule("truncdiv-natural", "index", truncdiv(x, y), floordiv(x, y), natural),
  rule("truncmod-natural", "index", truncmod(x, y), floormod(x, y), natural),
];
