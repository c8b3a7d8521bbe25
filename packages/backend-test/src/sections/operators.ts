import { MATH_FUNCTIONS } from "@tilewright/backend";
import { DTYPES, type UnaryOp } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { castTrials, operatorTrials } from "../operator-trials.js";
import { sectionOf } from "../section.js";
import { declares, dtypesOf, type Subject, typeFeatures } from "../subject.js";
import type { Trial } from "../trial.js";

const MATH: ReadonlySet<string> = new Set(MATH_FUNCTIONS);

/** Every operator and conversion of every type, on values at the fringes of the type. */
export function operatorTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "operators");
  const dtypes = dtypesOf(subject);
  const bools = dtypes.includes("bool");
  const exact = { bools, math: (op: UnaryOp | "pow") => !MATH.has(op) };
  return DTYPES.filter((dtype) => dtype !== "index").flatMap((dtype) => {
    const others = dtypes.filter((each) => each !== dtype && declares(subject, typeFeatures(each)));
    const conversions = (): readonly Trial[] => castTrials(dtype, others);
    return [
      compares(`computes every operator of ${dtype}`, typeFeatures(dtype), () => operatorTrials(dtype, exact)),
      ...(others.length === 0 ? [] : [compares(`converts ${dtype} to every other type`, typeFeatures(dtype), conversions)]), // biome-ignore format: one list
    ];
  });
}
