import { MATH_FUNCTIONS } from "@tilewright/backend";
import type { DType, UnaryOp } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { operatorTrials } from "../operator-trials.js";
import { sectionOf } from "../section.js";
import { dtypesOf, feature, type Subject } from "../subject.js";
import type { Trial } from "../trial.js";

/** Types with math functions, and the types that the expansion of `lower` computes them in. */
const EXPANDED = {
  float16: ["float16", "float32", "int32"],
  bfloat16: ["bfloat16", "float32", "int32"],
  float32: ["float32", "int32"],
  float64: ["float64", "int64"],
} as const satisfies { readonly [D in DType]?: readonly DType[] };

/** Math functions: those that the target computes itself, and all of them as `lower` expands the others. */
export function mathTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "math functions");
  const floats = Object.keys(EXPANDED) as (keyof typeof EXPANDED)[];
  const declared = floats.filter((dtype) => dtypesOf(subject).includes(dtype));
  return [
    ...MATH_FUNCTIONS.map((op) =>
      compares(`computes ${op} itself`, [feature("math", op)], () =>
        declared.flatMap((dtype) => mathTrials(dtype, op)),
      ),
    ),
    ...floats.map((dtype) =>
      compares(
        `computes the math functions of ${dtype} that were lowered`,
        EXPANDED[dtype].map((each) => feature("dtype", each)),
        () => MATH_FUNCTIONS.flatMap((op) => mathTrials(dtype, op)),
        "scheduled",
      ),
    ),
  ];
}

function mathTrials(dtype: DType, op: string): readonly Trial[] {
  const only = (each: UnaryOp | "pow"): boolean => each === op;
  return operatorTrials(dtype, { math: only, bools: false }).filter(({ func }) => func.name.split("_")[1] === op);
}
