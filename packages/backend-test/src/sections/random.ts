import type { DType, LoopKind, PrimFunc } from "@tilewright/ir";
import fc from "fast-check";
import type { Candidate } from "../conformance-test.js";
import type { Entrance } from "../execute.js";
import { arbitraryPrimFunc } from "../random-functions.js";
import { compareWithInterpreter, sectionOf } from "../section.js";
import { dtypesOf, feature, type Subject } from "../subject.js";
import { trialOf } from "../trial.js";

/** Types of random functions. */
const TYPES: readonly DType[] = ["float32", "int32", "int8", "uint8", "int64", "float64", "bool"];
/** How long a counterexample may be made smaller where each attempt is a run of a toolchain. */
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
  return [
    proves("agrees with the interpreter on random functions", features, () =>
      agreesOn(subject, arbitraryPrimFunc({ dtypes, maxRank: 1, ...(vector === null ? {} : lanes) }), "device"),
    ),
    proves("agrees with the interpreter on random functions that were lowered", features, () =>
      agreesOn(subject, arbitraryPrimFunc({ dtypes, loopKinds }), "scheduled"),
    ),
  ];
}

/** @throws Error with the smallest counterexample and its seed */
export async function agreesOn(subject: Subject, functions: fc.Arbitrary<PrimFunc>, entrance: Entrance): Promise<void> {
  const { runs, seed, toolchain } = subject;
  const property = fc.asyncProperty(functions, (func) => compareWithInterpreter(subject, [trialOf(func)], entrance));
  if (toolchain === null) return fc.assert(property, { numRuns: runs, seed });
  const sample = fc.sample(functions, { numRuns: runs, seed });
  const trials = sample.map((func, k) => trialOf({ ...func, name: `random_${k}` }));
  try {
    await compareWithInterpreter(subject, trials, entrance);
  } catch (error) {
    await fc.assert(property, { numRuns: runs, seed, interruptAfterTimeLimit: SHRINK_MILLISECONDS });
    throw error;
  }
}
