import { CompileError } from "@tilewright/diagnostics";
import { notMovable } from "./errors.js";
import { notPadding } from "./errors-stages.js";
import { leafOf, stageOf } from "./lookup.js";
import { paddingOf } from "./padding.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, TensorLike } from "./schedule.js";

/**
 *     for i { P[i] = inside(i) ? A[i - 1] : 0 }   →   for i { P[i] = 0 }; for i { if inside(i) { P[i] = A[i - 1] } }
 *
 * Padding becomes a sweep that stores the constant everywhere, before the loop `axis`, and a nest over the interior. Its condition is a
 * guard, which lowering peels off the loops, in place of a choice for each element. TensorIR: decompose_padding.
 *
 * @param axis  the loop before which the sweep stands; the outermost unless told
 * @throws CompileError SCH103 · SCH104 · SCH110 an input or extern operation, or an inlined stage · SCH136 not one output that is a value where
 *   a condition on the axes holds, and else a constant
 */
export function decomposePadding(schedule: Schedule, tensor: TensorLike, axis?: AxisLike): void {
  primitive(schedule, decomposePadding, { tensor, axes: axis === undefined ? [] : [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    if (stage.operation.kind !== "Compute" || stage.attachment.kind === "inline")
      throw new CompileError(notMovable("decomposePadding", stage.name, "it has no loops of its own", span));
    const own = new Set(stage.axes.map(({ variable }) => variable));
    if (stage.bodies.length !== 1 || paddingOf(stage.bodies[0], own) === null) {
      const kind = stage.bodies.length === 1 ? stage.bodies[0]?.kind : `${stage.bodies.length} outputs`;
      throw new CompileError(notPadding(stage.name, String(kind), span));
    }
    const leaf = leafOf(schedule, stage, axis ?? (stage.leaves[0] as AxisLike), span);
    stage.initialAt = leaf;
    record(schedule, "decomposePadding", stage, { axis: leaf.name });
  });
}
