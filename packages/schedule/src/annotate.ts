import { CompileError } from "@tilewright/diagnostics";
import { badHints } from "./errors-layout.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, LoopHints, Schedule, TensorLike } from "./schedule.js";

const PARTITIONS: readonly LoopHints["partition"][] = ["auto", "never"];

/**
 *     for i.outer { for i.inner { guard i.outer·4 + i.inner < 10 { S } } }   →   for i.outer { for i.inner { if i.outer·4 + i.inner < 10 { S } } }
 *
 * Tells lowering how to treat a loop. `partition: "never"`: guards that depend on the loop stay branches in it, so that its code is there
 * once; `"auto"`, as every loop is at first: they are peeled where that pays. What the loop is split into or fused with later is told the
 * same. (TVM: pragma and annotate, the hint of loop_partition reversed; Halide: partition(x, Partition::Never).)
 *
 * @throws CompileError SCH103 · SCH104 · SCH144 no such hint
 */
export function annotate(schedule: Schedule, tensor: TensorLike, axis: AxisLike, hints: LoopHints): void {
  primitive(schedule, annotate, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    const partition = hints?.partition;
    if (!PARTITIONS.includes(partition)) throw new CompileError(badHints(leaf.name, partition, PARTITIONS, span));
    stage.hints = new Map([...stage.hints, [leaf, { partition }]]);
    record(schedule, "annotate", stage, { axis: leaf.name, partition });
  });
}
