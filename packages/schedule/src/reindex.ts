import { usesAny } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  build,
  type IterVar,
  isConst,
  type Read,
  rewrite,
  structuralEqual,
  substitute,
  type Tensor,
} from "@tilewright/ir";
import { computeStage, freshAxis, insertBefore, readOf, stageName } from "./compute-stage.js";
import { clampReads } from "./create-schedule.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { noReader, notMovable } from "./errors.js";
import { badChoice } from "./errors-stages.js";
import { readsOf } from "./infer-bounds.js";
import { consumersOf, stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";

export interface ReindexOptions {
  /** Which of the reader's different reads of the tensor, in the order in which they are written; 0 unless told. */
  readonly read?: number;
}

/**
 *     for y { for dy { C[y] += A[y + dy] } }   →   for y { for dy { A.C[y, dy] = A[y + dy] } }; for y { for dy { C[y] += A.C[y, dy] } }
 *
 * A new stage in the shape of the reader's iteration, holding what one read reads: its dimensions are the reader's data and reduction axes
 * that the read's indices use, in that order, counted from 0. The reader then reads it at its axes, as matrix products do: of a
 * convolution's input this is im2col. Equal reads are one read. TensorIR: reindex.
 *
 * @returns the new tensor
 * @throws CompileError SCH103 · SCH110 the reader has no expression · SCH113 the reader does not read the tensor · SCH132 a read that is none
 */
export function reindex(
  schedule: Schedule,
  tensor: TensorLike,
  reader: TensorLike,
  options: ReindexOptions = {},
): Tensor {
  return primitive(schedule, reindex, { tensor: reader }, (span) => {
    const source = stageOf(schedule, tensor, span);
    const stage = stageOf(schedule, reader, span);
    if (stage.operation.kind !== "Compute")
      throw new CompileError(notMovable("reindex", stage.name, "it has no expression", span));
    const number = options?.read ?? 0;
    const read = chosenRead(schedule, source, stage, number, span);
    const used = [...stage.axes, ...stage.reduceAxes].filter(({ variable }) =>
      read.indices.some((index) => usesAny(index, new Set([variable]))),
    );
    const copy = copyOf(schedule, stage, read, used, span);
    const indices = used.map(({ variable, min }) => (isConst(min, 0) ? variable : build.sub(variable, min)));
    const moved = readOf(copy.tensors[0] as Tensor, indices, span);
    stage.bodies = stage.bodies.map((body) =>
      rewrite(body, { Read: (each) => (isSame(each, read) ? moved : undefined) }),
    );
    insertBefore(schedule, stage, [copy]);
    record(schedule, "reindex", source, { reader: stage.name, read: number }, [copy.name]);
    return copy.tensors[0] as Tensor;
  });
}

const isSame = (a: Read, b: Read): boolean => a === b || structuralEqual(a, b);

/** @throws CompileError SCH113 · SCH132 */
function chosenRead(schedule: Schedule, source: Stage, stage: Stage, number: number, span: Span): Read {
  const reads = readsOf(stage.bodies).filter(({ tensor }) => source.tensors.includes(tensor));
  const different = reads.filter((read, k) => reads.findIndex((other) => isSame(other, read)) === k);
  if (different.length === 0) {
    const known = consumersOf(schedule, source).map(({ name }) => name);
    throw new CompileError(noReader(source.name, stage.name, known, span));
  }
  const chosen = different[number];
  if (chosen !== undefined) return chosen;
  const expected = `a number from 0 to ${different.length - 1}`;
  throw new CompileError(
    badChoice(`read ${number} of \`${source.name}\` in \`${stage.name}\``, expected, `${number}`, span),
  );
}

function copyOf(schedule: Schedule, stage: Stage, read: Read, used: readonly IterVar[], span: Span): Stage {
  const taken = new Set<string>();
  const axes = used.map(({ name, extent }) => {
    const axis = freshAxis(uniqueName(name, taken), extent, span);
    taken.add(axis.name);
    return axis;
  });
  const values = new Map(
    used.map(({ variable, min }, k) => {
      const own = (axes[k] as IterVar).variable;
      return [variable, isConst(min, 0) ? own : build.add(own, min)];
    }),
  );
  // A condition of the reader may have kept the read inside; here nothing does.
  const body = clampReads(substitute(read, values), axes, span);
  return computeStage({
    name: stageName(schedule, `${read.tensor.name}.${stage.name}`),
    axes,
    bodies: [body],
    attachment: deepestAttachment(schedule, [body], stage.attachment),
    span,
  });
}
