import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { checkMovable } from "./compute-at.js";
import { copyLoops, loopsAfter, moveLoops, originOf } from "./copy-loops.js";
import { notAConsumer, notMovable } from "./errors.js";
import { incompleteThere } from "./errors-stages.js";
import { inlineStages } from "./inline-stages.js";
import { inverseMap } from "./inverse-map.js";
import { consumersOf, leafOf, readsThrough, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";
import { checkEmpty, checkUntouched } from "./untouched.js";

/**
 *     for io { for jo { for ii { for ji { P } } } }; for i { for j { C reads P[i, j] } }
 *     →   for io { for jo { for ii { for ji { P } }; for i.inner { for j.inner { C } } } }
 *
 * The consumer, whose loops are as they were made, takes over the producer's loops down to `axis`: their splits and fuses, order, marks
 * and what is computed in them. Its other loops stay inside. The producer is then computed in the last of them. The consumer must read
 * it, in the dimensions that those loops run over, at data axes of its own, one each, perhaps plus a constant. Padded tails become guards
 * when the consumer is an output. TensorIR: reverse_compute_at; in Halide one schedules the consumer and computes the producer in it.
 *
 * @returns the consumer's loops down to the producer
 * @throws CompileError SCH103 · SCH104 · SCH110 the producer is an input or output, or the consumer is inlined · SCH111 the consumer does not
 *   read it · SCH112 another reader of it · SCH114 the consumer's loops were changed · SCH116 a tail that does not suit the consumer ·
 *   SCH118 a vectorized loop · SCH131 something is computed in the consumer's loops · SCH133 a read without inverse · SCH134 a reduction
 *   loop at or around `axis`
 */
export function reverseComputeAt(
  schedule: Schedule,
  consumer: TensorLike,
  producer: TensorLike,
  axis: AxisLike,
): readonly IterVar[] {
  return primitive(schedule, reverseComputeAt, { tensor: producer, axes: [axis] }, (span) => {
    const reader = stageOf(schedule, consumer, span);
    const source = stageOf(schedule, producer, span);
    const leaf = leafOf(schedule, source, axis, span);
    checkStages(schedule, reader, source, span);
    const around = source.leaves.slice(0, source.leaves.indexOf(leaf) + 1);
    const folding = around.find(({ iterKind }) => iterKind !== "data");
    if (folding !== undefined) throw new CompileError(incompleteThere(source.name, leaf.name, folding.name, span));
    const { roots } = originOf(source, around);
    const bodies = inlineStages(schedule).bodies.get(reader) ?? [];
    const map = inverseMap(reader, bodies, source, roots, "reverseComputeAt", span);
    const { relations, axes } = copyLoops(source, around, reader, map);
    const own = around.map((loop) => axes.get(loop) as IterVar);
    const inside = loopsAfter(reader.leaves, relations).filter((loop) => !own.includes(loop));
    reader.relations = relations;
    reader.leaves = [...own, ...inside];
    moveLoops(schedule, source, around, reader, axes);
    source.attachment = { kind: "at", stage: reader, axis: axes.get(leaf) as IterVar };
    const names = own.map(({ name }) => name);
    record(schedule, "reverseComputeAt", reader, { producer: source.name, axis: leaf.name }, names);
    return own;
  });
}

function checkStages(schedule: Schedule, reader: Stage, source: Stage, span: Span): void {
  checkMovable(source, "computeAt", span);
  if (source === reader || !readsThrough(schedule, reader, source)) {
    const readers = consumersOf(schedule, source).map(({ name }) => name);
    throw new CompileError(notAConsumer(source.name, reader.name, readers, span));
  }
  if (reader.operation.kind !== "Compute")
    throw new CompileError(notMovable("reverseComputeAt", reader.name, "it is no compute", span));
  for (const { name, attachment } of [reader, source]) {
    if (attachment.kind === "inline")
      throw new CompileError(notMovable("reverseComputeAt", name, "it is computed inline and has no loops", span));
  }
  checkUntouched(reader, "reverseComputeAt", span);
  checkEmpty(schedule, reader, "reverseComputeAt", span);
}
