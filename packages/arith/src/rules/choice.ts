import { type Match, type Rule, rule, type TypeClass, words } from "../pattern.js";

const { and, choice, not, or, p, q, x, y, z } = words;
const ALL: readonly TypeClass[] = ["index", "integer", "float", "bool"];

/** The inner condition may be evaluated where the outer one would have kept it from being. */
const total = ({ isTotal }: Match): boolean => isTotal("q");

/** `Select` and `IfThenElse`: the replacement is of the kind that was matched. */
export const choiceRules: readonly Rule[] = [
  rule("choice-true", ALL, choice(true, x, y), x),
  rule("choice-false", ALL, choice(false, x, y), y),
  rule("choice-same", ALL, choice(p, x, x), x),
  rule("choice-not", ALL, choice(not(p), x, y), choice(p, y, x)),
  rule("choice-true-false", "bool", choice(p, true, false), p),
  rule("choice-false-true", "bool", choice(p, false, true), not(p)),
  rule("choice-nested-true", ALL, choice(p, choice(p, x, y), z), choice(p, x, z)),
  rule("choice-nested-false", ALL, choice(p, x, choice(p, y, z)), choice(p, x, z)),
  rule("choice-both", ALL, choice(p, choice(q, x, y), y), choice(and(p, q), x, y), total),
  rule("choice-either", ALL, choice(p, x, choice(q, x, y)), choice(or(p, q), x, y), total),
];
