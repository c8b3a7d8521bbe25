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

/** Random functions against the interpreter: as they stand, and as `lower` makes them. */
export function randomTests(subject: Subject): readonly Candidate[] {
  const { proves } = sectionOf(subject, "random functions");
  const known = dtypesOf(subject);
  const dtypes = TYPES.filter((dtype) => known.includes(dtype));
  const features = dtypes.map((dtype) => feature("dtype", dtype));
  const { vector } = subject.capabilities;
  const lanes = { vectorLanes: [2, 4, 8, 16], vectorBytes: vector?.bytes ?? 0 };
  const kinds: readonly LoopKind[] = ["serial", "vectorized", "unrolled", "parallel"];
  const loopKinds = kinds.filter((kind) => subject.capabilities.loopKinds[kind] !== undefined);
  if (dtypes.length === 0) return [];
  const declared = (kind: "memory" | "barrier" | "atomic", name: string) => declares(subject, [feature(kind, name)]);
  const shared = declared("memory", "shared") && declared("barrier", "shared");
  const atomics = declared("atomic", "int32") && dtypes.includes("int32") ? (["int32"] as const) : [];
  const conditions = dtypes.includes("int32");
  return [
    proves("agrees with the interpreter on random functions", features, () =>
      agreesOn(
        subject,
        arbitraryPrimFunc({ dtypes, atomics, conditions, maxRank: 1, ...(vector === null ? {} : lanes) }),
        "device",
      ),
    ),
    proves("agrees with the interpreter on random functions that were lowered", features, () =>
      agreesOn(subject, arbitraryPrimFunc({ dtypes, atomics, conditions, loopKinds }), "scheduled"),
    ),
    proves("agrees with the interpreter on random launches", [...features, feature("loop", "thread")], () =>
      agreesOn(subject, arbitraryThreadFunc({ dtypes, atomics, shared }), "scheduled"),
    ),
  ];
}

/**
 * Tries functions on one device, as opening it may take long, and as one module where a toolchain builds it.
 * @throws Error with the smallest counterexample that was found, and its seed
 */
export async function agreesOn(subject: Subject, functions: fc.Arbitrary<PrimFunc>, entrance: Entrance): Promise<void> {
  const { runs: numRuns, seed, toolchain } = subject;
  await withDevice(subject.device, async (device) => {
    const property = fc.asyncProperty(functions, (func) =>
      compareWithInterpreter(subject, [trialOf(func)], entrance, device),
    );
    const first = async (): Promise<string | null> => {
      if (toolchain === null) {
        const { failed, counterexamplePath } = await fc.check(property, { numRuns, seed, endOnFailure: true });
        return failed ? (counterexamplePath ?? "0") : null;
      }
      const trials = fc
        .sample(functions, { numRuns, seed })
        .map((func, k) => trialOf({ ...func, name: `random_${k}` }));
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
