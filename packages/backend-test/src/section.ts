import type { Device } from "@tilewright/artifact";
import type { CompiledModule, Feature } from "@tilewright/backend";
import { batchOf, type Outcome, runTrials } from "./batch.js";
import type { Candidate } from "./conformance-test.js";
import { type Entrance, runTrial, withModule } from "./execute.js";
import { declares, dtypesOf, plainType, type Subject } from "./subject.js";
import { differenceOf, type Trial, textOf, textOfError } from "./trial.js";

/** What makes the tests of a section. */
export interface Section {
  readonly subject: Subject;
  /** That functions compute what the interpreter computes. */
  compares(name: string, features: readonly Feature[], trials: () => readonly Trial[], entrance?: Entrance): Candidate;
  /** That `run` throws nothing. */
  proves(name: string, features: readonly Feature[], run: () => Promise<void>): Candidate;
  /** That what the capabilities do not declare is refused. */
  refuses(name: string, features: readonly Feature[], run: () => Promise<void>): Candidate;
}

export function sectionOf(subject: Subject, section: string): Section {
  // Where no type can be handed over, no function can be called.
  const isUsable = dtypesOf(subject).includes(plainType(subject));
  const isTried = (features: readonly Feature[]): boolean => isUsable && declares(subject, features);
  const batches = { device: batchOf(subject, "device"), scheduled: batchOf(subject, "scheduled") };
  return {
    subject,
    compares(name, features, trials, entrance = "device") {
      const isDeclared = isTried(features);
      const outcomes = isDeclared ? batches[entrance].add(trials) : () => Promise.resolve([]);
      const run = async (): Promise<void> => checkOutcomes(trials(), await outcomes());
      return { name, section, features, isDeclared, run };
    },
    proves: (name, features, run) => ({ name, section, features, isDeclared: isTried(features), run }),
    refuses: (name, features, run) => ({ name, section, features, isDeclared: true, run }),
  };
}

/** @throws Error for the first trial that failed or differs from the interpreter */
function checkOutcomes(trials: readonly Trial[], outcomes: readonly Outcome[]): void {
  for (const [k, trial] of trials.entries()) {
    const outcome = outcomes[k] ?? { error: "it was not run" };
    if ("error" in outcome)
      throw new Error(`${trial.func.name}: ${textOfError(outcome.error)}\n${textOf(trial)}`, { cause: outcome.error });
    const difference = differenceOf(trial, outcome.memory);
    if (difference !== null) throw new Error(difference);
  }
}

/** Compiles functions as one module, runs them on a device, and compares with the interpreter. @throws Error with the function's text */
export async function compareWithInterpreter(
  subject: Subject,
  trials: readonly Trial[],
  entrance: Entrance,
  device?: Device,
): Promise<void> {
  checkOutcomes(trials, await runTrials(subject, trials, entrance, device));
}

/** Runs trials of a module on a device. @throws Error for the first that differs from the interpreter */
export async function runAll(device: Device, compiled: CompiledModule, trials: readonly Trial[]): Promise<void> {
  await withModule(device, compiled, async (loaded) => {
    for (const trial of trials) {
      const difference = differenceOf(trial, await runTrial(device, loaded, trial));
      if (difference !== null) throw new Error(difference);
    }
  });
}

/** @throws Error */
export function check(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
