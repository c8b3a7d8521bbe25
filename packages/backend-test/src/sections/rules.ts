import type { KnobValues, RuleMatch, ScheduleRule } from "@tilewright/backend";
import { operationsOf, type PrimFunc, type Tensor } from "@tilewright/ir";
import { createSchedule, replay, toPrimFunc } from "@tilewright/schedule";
import type { Candidate } from "../conformance-test.js";
import { compareWithInterpreter, sectionOf } from "../section.js";
import { type Structure, structuresOf } from "../structures.js";
import { plainType, type Subject } from "../subject.js";
import { type Trial, textOfError, trialOf } from "../trial.js";

/** The schedule rules that a backend brings: each is offered the usual structures, and its traces are tried. */
export function ruleTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "schedule rules");
  const { rules = [] } = subject.backend;
  const dtype = plainType(subject);
  if (dtype === "bool") return [];
  return rules.map((rule) =>
    proves(`gives traces by its rule ${rule.name} that apply and compute the right thing`, [], async () => {
      const trials = structuresOf(dtype).flatMap((structure) => trialsOf(subject, rule, structure));
      await compareWithInterpreter(subject, trials, "scheduled");
    }),
  );
}

/** Placeholders and outputs in one order, whatever a schedule does. */
export function parametersOf(outputs: readonly Tensor[]): readonly Tensor[] {
  const { operations, tensors } = operationsOf(outputs);
  const placeholders = operations.filter(({ kind }) => kind === "Placeholder");
  return [...placeholders.flatMap((each) => tensors.get(each) ?? []), ...outputs];
}

/** The plain schedule of a structure: what all others must compute. */
export function plainFunction({ name, outputs }: Structure): PrimFunc {
  return toPrimFunc(createSchedule(outputs), { name: nameOf(name), parameters: parametersOf(outputs) });
}

export const nameOf = (text: string): string => text.replace(/\W+/g, "_");

/** For a structure that the rule takes: its defaults, and each other candidate of each knob. */
function trialsOf({ capabilities, backend }: Subject, rule: ScheduleRule, structure: Structure): readonly Trial[] {
  const { name, outputs } = structure;
  const match = rule.match(outputs, capabilities);
  if (match === null) return [];
  const meaning = plainFunction(structure);
  return choicesOf(match).map((values, k) => {
    try {
      const schedule = replay(outputs, match.apply(values), { intrinsics: backend.intrinsics ?? [] });
      const parameters = parametersOf(outputs);
      const func = toPrimFunc(schedule, { name: nameOf(`${rule.name} ${name} ${k}`), parameters });
      return { ...trialOf(func), meaning };
    } catch (error) {
      const choice = JSON.stringify(values);
      throw new Error(`${rule.name} on ${name} with ${choice}: ${textOfError(error)}`, { cause: error });
    }
  });
}

function choicesOf({ knobs }: RuleMatch): readonly KnobValues[] {
  const defaults = Object.fromEntries(knobs.map(({ name, candidates }) => [name, candidates[0] ?? 1]));
  return [
    defaults,
    ...knobs.flatMap(({ name, candidates }) => candidates.slice(1).map((value) => ({ ...defaults, [name]: value }))),
  ];
}
