import { CompileError, type Span } from "@tilewright/diagnostics";
import { checkExpansions } from "./check-expansions.js";
import { notAConsumer, notMovable } from "./errors.js";
import { consumersOf, leafOf, readsThrough, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/**
 *     P; for i { for j { C reads P } }   →   for i { the part of P that the body reads; for j { C } }
 *
 * Less memory between producer and consumer, perhaps work done twice where the parts of two iterations overlap. `axis` is a loop of
 * `consumer`, which reads the producer itself or through stages that are computed inside that loop or inlined.
 * Every reader must stand inside that loop: move the readers first. A loop that is split or fused later takes along what is computed in it.
 *
 * @throws CompileError SCH103 · SCH104 · SCH110 the producer is an output or input · SCH111 the consumer does not read it · SCH112 a reader
 *   outside the loop · SCH118 the loop is vectorized · SCH122 threads would share its memory
 */
export function computeAt(schedule: Schedule, producer: TensorLike, consumer: TensorLike, axis: AxisLike): void {
  primitive(schedule, computeAt, { tensor: consumer, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, producer, span);
    const target = stageOf(schedule, consumer, span);
    checkMovable(stage, "computeAt", span);
    if (target === stage || !readsThrough(schedule, target, stage)) {
      const readers = consumersOf(schedule, stage).map(({ name }) => name);
      throw new CompileError(notAConsumer(stage.name, target.name, readers, span));
    }
    const leaf = leafOf(schedule, target, axis, span);
    stage.attachment = { kind: "at", stage: target, axis: leaf };
    record(schedule, "computeAt", stage, { consumer: target.name, axis: leaf.name });
  });
}

/**
 * Puts the expression in place of every read; the stage then has no memory and no loops. Work is done again at each read.
 * @throws CompileError SCH103 · SCH110 an output, an input, a reduction or an extern operation, or a reader's expression that would be too large
 */
export function computeInline(schedule: Schedule, producer: TensorLike): void {
  primitive(schedule, computeInline, { tensor: producer }, (span) => {
    const stage = stageOf(schedule, producer, span);
    checkMovable(stage, "computeInline", span);
    const refuse = (why: string): never => {
      throw new CompileError(notMovable("computeInline", stage.name, why, span));
    };
    if (stage.operation.kind === "Extern") refuse("an extern operation has no expression");
    if (stage.bodies.some((body) => body.kind === "Reduce")) refuse("a reduction would be computed anew at every read");
    const outside = consumersOf(schedule, stage).find((reader) => readsWhole(reader, stage));
    if (outside !== undefined) refuse(`\`${outside.name}\` needs it in memory`);
    stage.attachment = { kind: "inline" };
    checkExpansions(schedule, "computeInline", stage, span);
    record(schedule, "computeInline", stage, {});
  });
}

/**
 * Computes the stage before everything that reads it, where every stage starts.
 * @throws CompileError SCH103 · SCH110 the stage is an input · SCH112 a reader is computed before
 */
export function computeRoot(schedule: Schedule, producer: TensorLike): void {
  primitive(schedule, computeRoot, { tensor: producer }, (span) => {
    const stage = stageOf(schedule, producer, span);
    if (stage.operation.kind === "Placeholder")
      throw new CompileError(notMovable("computeRoot", stage.name, "it is an input", span));
    stage.attachment = { kind: "root" };
    record(schedule, "computeRoot", stage, {});
  });
}

/** Whether a reader takes all of a stage from memory: extern operations do, and scans their first values. */
function readsWhole({ operation }: Stage, stage: Stage): boolean {
  if (operation.kind === "Scan") return operation.initial.some((tensor) => stage.tensors.includes(tensor));
  return operation.kind === "Extern";
}

/** @throws CompileError SCH110 */
export function checkMovable(stage: Stage, primitive: string, span: Span): void {
  if (stage.operation.kind === "Placeholder")
    throw new CompileError(notMovable(primitive, stage.name, "it is an input", span));
  if (stage.isOutput)
    throw new CompileError(notMovable(primitive, stage.name, "it is an output, which is computed whole", span));
  if (stage.operation.kind === "Scan")
    throw new CompileError(notMovable(primitive, stage.name, "a recurrence is computed whole", span));
  if (stage.operation.kind === "Extern" && primitive === "computeAt") {
    throw new CompileError(
      notMovable(primitive, stage.name, "an extern operation computes its whole output at once", span),
    );
  }
}
