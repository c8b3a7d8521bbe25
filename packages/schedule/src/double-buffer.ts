import { CompileError } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { notInALoop } from "./errors-pipeline.js";
import { stageOf } from "./lookup.js";
import { dependencesIn, statementsOf } from "./pipeline.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Pipeline, Schedule, Stage, TensorLike } from "./schedule.js";
import { setPipeline } from "./software-pipeline.js";

/**
 *     for v in 0..n { P(v); S(v) }   →   for v in 0..n + 1 { if v < n { P(v) }; if v ≥ 1 { S(v − 1) } }, P in two buffers
 *
 * A stage that is computed in a loop is computed one iteration ahead of its readers there, into the other of two buffers. What it reads in
 * the same loop comes as early. Several stages of one loop may be double-buffered; the loop is then a `softwarePipeline`, and this
 * is a short way to say so. (TVM: double_buffer.)
 *
 * @throws CompileError SCH103 · SCH162 the stage reads the state of a recurrence over the loop · SCH163 a parallel or thread loop · SCH166 it
 *   is not computed in a loop
 */
export function doubleBuffer(schedule: Schedule, tensor: TensorLike): void {
  primitive(schedule, doubleBuffer, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const { attachment } = stage;
    if (attachment.kind !== "at") throw new CompileError(notInALoop("doubleBuffer", stage.name, span));
    setPipeline(attachment.stage, attachment.axis, oneAhead(schedule, stage, attachment.stage, attachment.axis));
    record(schedule, "doubleBuffer", stage, {});
  });
}

/** The pipeline of a loop, in which now `stage` and what it reads there are at least one iteration ahead of the readers of `stage`. */
function oneAhead(schedule: Schedule, stage: Stage, owner: Stage, axis: IterVar): Pipeline {
  const statements = statementsOf(schedule, owner, axis);
  const before = owner.pipelines.get(axis);
  const numbers = new Map(statements.map((each) => [each, before?.numbers.get(each) ?? 0]));
  const dependences = dependencesIn(schedule, owner, axis);
  const readers = dependences.filter(({ source }) => source === stage).map(({ reader }) => numbers.get(reader) ?? 0);
  const earliest = Math.min(numbers.get(owner) ?? 0, ...readers) - 1;
  const ahead = new Set([stage]);
  for (const source of ahead) {
    numbers.set(source, Math.min(earliest, numbers.get(source) ?? 0));
    for (const edge of dependences) if (edge.reader === source && edge.source !== owner) ahead.add(edge.source);
  }
  const first = Math.min(0, ...numbers.values());
  const order = before?.order.filter((each) => numbers.has(each)) ?? statements;
  return { numbers: new Map([...numbers].map(([each, number]) => [each, number - first])), order };
}
