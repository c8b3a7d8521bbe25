import { CompileError, type Span } from "@tilewright/diagnostics";
import { type IterVar, isConst } from "@tilewright/ir";
import { checkExpansions } from "./check-expansions.js";
import { checkMovable } from "./compute-at.js";
import { copyLoops, moveLoops } from "./copy-loops.js";
import { notMovable } from "./errors.js";
import { notFoldable } from "./errors-stages.js";
import { inverseMap } from "./inverse-map.js";
import { consumersOf, inputsOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";
import { checkEmpty, checkUntouched } from "./untouched.js";

/**
 *     for jo { for i { for ji { P[i, j] = f } } }; for j { for i { C[j, i] = g(P[i, j]) } }
 *     →   for jo { for i { for ji { C[j, i] = g(f) } } }
 *
 * The consumer, whose loops are as they were made, takes over the place of its only computed input: its loops with their marks, what is
 * computed in them, and where it stands. The input is inlined. The consumer reads it at a permutation of its own axes and covers it
 * whole. Padded tails become guards when the consumer is an output. TensorIR: reverse_compute_inline.
 *
 * @returns the consumer's loops, outermost first
 * @throws CompileError SCH103 · SCH110 the producer is an output or a reduction · SCH112 what the consumer also reads is computed further in ·
 *   SCH114 the consumer's loops were changed · SCH116 a tail that does not suit the consumer · SCH131 something is computed in the consumer's
 *   loops · SCH133 a read that is no permutation · SCH135 not one producer with this one reader, or other shapes
 */
export function reverseComputeInline(schedule: Schedule, consumer: TensorLike): readonly IterVar[] {
  return primitive(schedule, reverseComputeInline, { tensor: consumer }, (span) => {
    const reader = stageOf(schedule, consumer, span);
    const source = producerOf(schedule, reader, span);
    checkUntouched(reader, "reverseComputeInline", span);
    checkEmpty(schedule, reader, "reverseComputeInline", span);
    const map = inverseMap(reader, reader.bodies, source, source.axes, "reverseComputeInline", span);
    checkWhole(reader, source, map, span);
    const { relations, axes } = copyLoops(source, source.leaves, reader, map);
    reader.relations = relations;
    reader.leaves = source.leaves.map((loop) => axes.get(loop) as IterVar);
    reader.attachment = source.attachment;
    reader.initialAt = null;
    moveLoops(schedule, source, source.leaves, reader, axes);
    source.attachment = { kind: "inline" };
    checkExpansions(schedule, "reverseComputeInline", source, span);
    record(schedule, "reverseComputeInline", reader, {}, reader.leaves.map(({ name }) => name)); // biome-ignore format: one line
    return reader.leaves;
  });
}

/** The one computed input of a pointwise stage. */
function producerOf(schedule: Schedule, reader: Stage, span: Span): Stage {
  const refuse = (why: string): never => {
    throw new CompileError(notFoldable(reader.name, why, span));
  };
  if (reader.operation.kind !== "Compute" || reader.attachment.kind === "inline") refuse("it has no loops");
  if (reader.reduceAxes.length > 0) refuse("it is a reduction");
  const read = new Set(inputsOf(reader));
  const sources = schedule.stages.filter(
    (stage) => stage.operation.kind !== "Placeholder" && stage.tensors.some((tensor) => read.has(tensor)),
  );
  const [source] = sources;
  if (source === undefined || sources.length > 1)
    return refuse(
      sources.length === 0
        ? "it reads inputs alone"
        : `it reads ${sources.map(({ name }) => `\`${name}\``).join(" and ")}`,
    );
  checkMovable(source, "computeInline", span);
  if (source.operation.kind !== "Compute") refuse(`\`${source.name}\` has no expression`);
  if (source.attachment.kind === "inline") refuse(`\`${source.name}\` is computed inline already`);
  if (source.reduceAxes.length > 0)
    throw new CompileError(
      notMovable("computeInline", source.name, "a reduction would be computed anew at every read", span),
    );
  const others = consumersOf(schedule, source).filter((stage) => stage !== reader);
  if (others.length > 0) refuse(`\`${others[0]?.name}\` reads \`${source.name}\` too`);
  return source;
}

/** One axis for each of the other, of the same extents, and no constants added. */
function checkWhole(reader: Stage, source: Stage, map: ReadonlyMap<IterVar, IterVar>, span: Span): void {
  const extent = (axis: IterVar): number => (isConst(axis.extent) ? Number(axis.extent.value) : -1);
  const whole = map.size === reader.axes.length && [...map].every(([axis, own]) => extent(axis) === extent(own));
  if (!whole)
    throw new CompileError(notFoldable(reader.name, `it does not have the shape of \`${source.name}\``, span));
}
