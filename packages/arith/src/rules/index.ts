import { headOf, type Rule } from "../pattern.js";
import { floatRules, integerRules } from "./arithmetic.js";
import { booleanRules, negationRules } from "./boolean.js";
import { choiceRules } from "./choice.js";
import { divideRules } from "./divide.js";
import { extremumRules } from "./extremum.js";
import { vectorRules } from "./vector.js";

/** Every rule, in the order in which they are tried. */
export const allRules: readonly Rule[] = [
  ...vectorRules,
  ...booleanRules,
  ...negationRules,
  ...integerRules,
  ...floatRules,
  ...divideRules,
  ...extremumRules,
  ...choiceRules,
];

function group(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const groups = new Map<string, Rule[]>();
  for (const rule of rules) {
    const head = headOf(rule.pattern);
    groups.set(head, [...(groups.get(head) ?? []), rule]);
  }
  return groups;
}

/** The rules by the operator of their left side. */
export const rulesByHead: ReadonlyMap<string, readonly Rule[]> = group(allRules);
