import type { Feature } from "@tilewright/backend";
import type { DType, LoopKind, PrimFunc } from "@tilewright/ir";
import fc from "fast-check";
import { type Outcome, runTrials } from "../batch.js";
import type { Candidate } from "../conformance-test.js";
import { type Entrance, withDevice } from "../execute.js";
import { arbitraryPrimFunc } from "../random-functions.js";
import { arbitraryThreadFunc } from "../random-threads.js";
import { compareWithInterpreter, sectionOf } from "../section.js";
import { declares, dtypesOf, feature, type Subject } from "../subject.js";
import { differenceOf, type Trial, trialOf } from "../trial.js";

/** Types of random functions. */
const TYPES: readonly DType[] = ["float32", "int32", "int8", "uint8", "int64", "float64", "bool"];
/** How long a counterexample may be made smaller. */
const SHRINK_MILLISECONDS = 20_000;

/** The declared ones among the types of random functions. */
export function randomTypesOf(subject: Subject): readonly DType[] {
  const known = dtypesOf(subject);
  return TYPES.filter((dtype) => known.includes(dtype));
}

export const randomFeatures = (subject: Subject): readonly Feature[] =>
  randomTypesOf(subject).map((dtype) => feature("dtype", dtype));

/** Kinds of loops that random functions have, for a target that lowers them. */
export function loopKindsOf({ capabilities }: Subject): readonly LoopKind[] {
  const kinds: readonly LoopKind[] = ["serial", "vectorized", "unrolled", "parallel"];
  return kinds.filter((kind) => capabilities.loopKinds[kind] !== undefined);
}

/** Random functions against the interpreter: as they stand, as `lower` makes them, and with launches. */
export function randomTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "random functions");
  const dtypes = randomTypesOf(subject);
  if (dtypes.length === 0) return [];
  const features = randomFeatures(subject);
  const has = (kind: Feature["kind"], name: string): boolean => declares(subject, [feature(kind, name)]);
  const { vector } = subject.capabilities;
  const vectors = vector === null ? {} : { vectorLanes: [2, 4, 8, 16], vectorBytes: vector.bytes };
  const conditions = dtypes.includes("int32");
  const atomics = conditions && has("atomic", "int32") ? (["int32"] as const) : [];
  const shared = has("memory", "shared") && has("barrier", "shared");
  const plain = { dtypes, atomics, conditions };
  return [
    proves("agrees with the interpreter on random functions", features, () =>
      agreesOn(subject, arbitraryPrimFunc({ ...plain, maxRank: 1, ...vectors }), "device"),
    ),
    proves("agrees with the interpreter on random functions that were lowered", features, () =>
      agreesOn(subject, arbitraryPrimFunc({ ...plain, loopKinds: loopKindsOf(subject) }), "scheduled"),
    ),
    // Statements of a block stand beside its threads: `lower` puts barriers between.
    proves(
      "agrees with the interpreter on random launches",
      [...features, feature("loop", "thread"), feature("barrier", "global")],
      () => agreesOn(subject, arbitraryThreadFunc({ dtypes, atomics, shared }), "scheduled"),
    ),
  ];
}

/**
 * Tries functions on one device, as opening it may take long, and as one module where a toolchain builds it.
 * @param change  another function of the same meaning, which is compiled in place of each
 * @throws Error with the smallest counterexample that was found, and its seed
 */
export async function agreesOn(
  subject: Subject,
  functions: fc.Arbitrary<PrimFunc>,
  entrance: Entrance,
  change: (func: PrimFunc) => PrimFunc = (func) => func,
): Promise<void> {
  const tried = (func: PrimFunc): Trial => ({ ...trialOf(change(func)), meaning: func });
  const { runs: numRuns, seed, toolchain } = subject;
  await withDevice(subject.device, async (device) => {
    const property = fc.asyncProperty(functions, (func) =>
      compareWithInterpreter(subject, [tried(func)], entrance, device),
    );
    const first = async (): Promise<string | null> => {
      if (toolchain === null) {
        const { failed, counterexamplePath } = await fc.check(property, { numRuns, seed, endOnFailure: true });
        return failed ? (counterexamplePath ?? "0") : null;
      }
      const trials = fc.sample(functions, { numRuns, seed }).map((func, k) => tried({ ...func, name: `random_${k}` }));
      return wrongOne(await runTrials(subject, trials, entrance, device).catch(() => []), trials);
    };
    const path = await first();
    if (path === null) return;
    const shrinking = { interruptAfterTimeLimit: SHRINK_MILLISECONDS, includeErrorInReport: true };
    await fc.assert(property, { numRuns, seed, path, ...shrinking });
    throw new Error(`random function ${path} of seed ${seed} fails only together with others`);
  });
}

/** The number of the first trial that went wrong. */
function wrongOne(outcomes: readonly Outcome[], trials: readonly Trial[]): string | null {
  const wrong = trials.findIndex((trial, k) => {
    const outcome = outcomes[k];
    return outcome === undefined || "error" in outcome || differenceOf(trial, outcome.memory) !== null;
  });
  return wrong < 0 ? null : String(wrong);
}
