import { CompileError } from "@tilewright/diagnostics";
import { notAReduction, startsTooLate } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, TensorLike } from "./schedule.js";

/**
 *     for i { C[i, 0..n] = 0; for k { for j { C[i, j] += … } } }   →   C[0..m, 0..n] = 0; for i { for k { for j { C[i, j] += … } } }
 *
 * A reduction is initialised by loops of its own directly before its outermost reduction loop, unless told: this moves them before `axis`,
 * a loop at or around that one. What is computed inside `axis` then sees sums that grow, as `tensorize` with an accumulating intrinsic
 * wants them. (TensorIR: decompose_reduction.)
 *
 * @throws CompileError SCH103 · SCH104 · SCH112 a start value is computed further in · SCH126 no reduction · SCH127 `axis` lies inside a
 *   reduction loop
 */
export function decomposeReduction(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  primitive(schedule, decomposeReduction, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    const outermost = stage.leaves.findIndex(({ iterKind }) => iterKind === "reduce");
    const outer = stage.leaves[outermost];
    if (outer === undefined) throw new CompileError(notAReduction("decomposeReduction", stage.name, span));
    if (stage.leaves.indexOf(leaf) > outermost) throw new CompileError(startsTooLate(leaf.name, outer.name, span));
    stage.initialAt = leaf;
    record(schedule, "decomposeReduction", stage, { axis: leaf.name });
  });
}
