import type { Device } from "@tilewright/artifact";
import type { PrimFunc } from "@tilewright/ir";
import { compileFunctions, type Entrance, runTrial, withDevice, withModule } from "./execute.js";
import type { Memory } from "./memory.js";
import type { Subject } from "./subject.js";
import { functionsOf, type Trial } from "./trial.js";

/** What became of a trial: its arrays, or what was thrown. */
export type Outcome = { readonly memory: Memory } | { readonly error: unknown };

/** Trials of several tests that may be compiled together. */
export interface Batch {
  /** Adds the trials of a test; the result runs them. Names of functions must differ within the batch. */
  add(trials: () => readonly Trial[]): () => Promise<readonly Outcome[]>;
}

/**
 * Where a toolchain builds modules, a module costs as much as hundreds of functions: the functions of all tests become one. What does not
 * compile together is compiled test by test, so that a failure is that of one test. Else each test has its own module.
 */
export function batchOf(subject: Subject, entrance: Entrance): Batch {
  const added: (() => readonly Trial[])[] = [];
  let together: Promise<ReadonlyMap<PrimFunc, Outcome> | null> | undefined;
  const runAll = async (): Promise<ReadonlyMap<PrimFunc, Outcome> | null> => {
    const trials = added.flatMap((each) => each());
    const outcomes = await runTrials(subject, trials, entrance).catch(() => null);
    return outcomes === null ? null : new Map(trials.map(({ func }, k) => [func, outcomes[k] as Outcome]));
  };
  return {
    add(make) {
      const trials = once(make);
      added.push(trials);
      return async () => {
        if (subject.toolchain === null) return runTrials(subject, trials(), entrance);
        together ??= runAll();
        const known = await together;
        return known === null
          ? runTrials(subject, trials(), entrance)
          : trials().map(({ func }) => known.get(func) as Outcome);
      };
    },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Compiles trials as one module and runs them on one device, a new one unless told. */
export async function runTrials(
  subject: Subject,
  trials: readonly Trial[],
  entrance: Entrance,
  device?: Device,
): Promise<readonly Outcome[]> {
  const functions = [...new Set(trials.flatMap(functionsOf))];
  const compiled = await compileFunctions(subject, functions, entrance);
  const run = (opened: Device): Promise<readonly Outcome[]> =>
    withModule(opened, compiled, async (loaded) => {
      const outcomes: Outcome[] = [];
      for (const trial of trials)
        outcomes.push(
          await runTrial(opened, loaded, trial).then(
            (memory) => ({ memory }),
            (error: unknown) => ({ error }),
          ),
        );
      return outcomes;
    });
  return device === undefined ? withDevice(subject.device, run) : run(device);
}
