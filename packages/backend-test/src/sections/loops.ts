import { buffer, build, type DType, int, type LoopKind, type PrimFunc, variable } from "@tilewright/ir";
import type { Candidate } from "../conformance-test.js";
import { addFunction, combine, kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, plainType, type Subject } from "../subject.js";
import { trialOf } from "../trial.js";

/** Extents that leave remainders, and those that leave none. */
const AWKWARD = [0, 1, 2, 3, 7, 16, 17, 63, 64, 65, 127, 1000, 1025];

/** Loops of every kind, through `lower`, and the lengths of data that loops end at. */
export function loopTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "loops");
  const dtype = plainType(subject);
  const kinds: readonly LoopKind[] = ["serial", "vectorized", "unrolled", "virtual", "parallel"];
  return [
    ...kinds.map((kind) => {
      const sizes = kind === "unrolled" || kind === "virtual" ? [1, 4, 7] : [1, 5, 16, 37];
      const functions = () => sizes.map((size) => loopFunction(`${kind}_${size}`, dtype, kind, 3, size));
      return compares(`runs ${kind} loops`, [feature("loop", kind)], () => functions().map((each) => trialOf(each)), "scheduled"); // biome-ignore format: short
    }),
    compares("computes arrays of awkward lengths", [feature("dtype", dtype)], () =>
      AWKWARD.map((count) => trialOf(addFunction(`add_${count}`, count, dtype))),
    ),
  ];
}

/** `out[i][j] = x[i][j] + y[i][j]` with the inner loop, or for parallel loops the outer one, of a kind. */
function loopFunction(name: string, dtype: DType, kind: LoopKind, rows: number, columns: number): PrimFunc {
  const made = (each: string) => buffer(each, { dtype, shape: [rows, columns] });
  const [x, y, out] = [made("x"), made("y"), made("out")];
  const [i, j] = [variable("i"), variable("j")];
  const store = build.store(out, [i, j], combine(build.load(x, [i, j]), build.load(y, [i, j])));
  const outer = kind === "parallel" ? kind : "serial";
  const inner = build.loop(j, int(0), int(columns), store, outer === "serial" ? kind : "serial");
  return kernelOf(name, [x, y, out], build.loop(i, int(0), int(rows), inner, outer));
}
