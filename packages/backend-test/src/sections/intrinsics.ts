import type { Intrinsic } from "@tilewright/backend";
import { type Buffer, type BufferRegion, buffer, build, bytesOf, type Expr, int, isConst, type PrimFunc } from "@tilewright/ir"; // biome-ignore format: a list
import type { Candidate } from "../conformance-test.js";
import { kernelOf } from "../plain-functions.js";
import { sectionOf } from "../section.js";
import { feature, type Subject } from "../subject.js";
import { type Trial, trialOf } from "../trial.js";
import { callOf } from "./calls.js";

/** Gaps behind rows, in bytes: rows of a whole number of alignments keep theirs. */
const GAP_BYTES = 64;

/** The instructions that a backend brings: what its template does, against what it is said to mean. */
export function intrinsicTests(subject: Subject): readonly Candidate[] {
  const { compares } = sectionOf(subject, "intrinsics");
  const { intrinsics = [] } = subject.backend;
  return intrinsics.map((intrinsic) =>
    compares(
      `computes what the intrinsic ${intrinsic.name} means`,
      [feature("intrinsic", intrinsic.name)],
      () => [
        calling(intrinsic, "dense", (shape) => ({ shape, extents: shape })),
        calling(intrinsic, "with_gaps", (shape, bytes) => ({ shape: withGaps(shape, bytes), extents: shape })),
        calling(intrinsic, "as_column", (shape) =>
          shape.length === 1 ? { shape: [...shape, 3], extents: [...shape, 1] } : { shape, extents: shape },
        ),
      ],
      "scheduled",
    ),
  );
}

const withGaps = (shape: readonly number[], bytes: number): readonly number[] =>
  shape.map((extent, d) => (d === shape.length - 1 ? extent + GAP_BYTES / bytes : extent + 1));

interface Operand {
  readonly shape: readonly number[];
  readonly extents: readonly number[];
}

/** A function that calls the intrinsic once, on boxes at the start of its parameters. */
function calling(
  { name, semantics }: Intrinsic,
  layout: string,
  operandOf: (shape: readonly number[], bytes: number) => Operand,
): Trial {
  const parameters: Buffer[] = [];
  const args = semantics.parameters.map((parameter): Expr | BufferRegion => {
    if (parameter.kind === "Var") return build.const(1, parameter.dtype);
    const own = parameter.shape.map((extent) => (isConst(extent) ? Number(extent.value) : 1));
    const { shape, extents } = operandOf(own, bytesOf(parameter.dtype));
    const made = buffer(parameter.name, { dtype: parameter.dtype, shape });
    parameters.push(made);
    return build.region(
      made,
      extents.map(() => int(0)),
      extents.map((extent) => int(extent)),
    );
  });
  const func: PrimFunc = kernelOf(`calls_${name.replace(/\W/g, "_")}_${layout}`, parameters, callOf(name, ...args));
  return { ...trialOf(func), intrinsics: [{ name, semantics }] };
}
