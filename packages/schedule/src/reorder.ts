import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { repeatedAxis } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/**
 * Puts the named loops in the given order, outermost first, into the places that they hold together; other loops stay where they are.
 * Every order of data and reduction loops computes the same: a reduction is initialised before its outermost loop.
 *
 * @throws CompileError SCH103 · SCH104 · SCH107 a loop is named twice
 */
export function reorder(schedule: Schedule, tensor: TensorLike, axes: readonly AxisLike[]): void {
  const list: readonly AxisLike[] = Array.isArray(axes) ? (axes as readonly AxisLike[]) : [axes as unknown as AxisLike];
  primitive(schedule, reorder, { tensor, axes: list }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const wanted = list.map((axis) => leafOf(schedule, stage, axis, span));
    checkDistinct(wanted, span);
    stage.leaves = placed(stage, wanted);
    record(schedule, "reorder", stage, { axes: wanted.map((axis) => axis.name) });
  });
}

/** @throws CompileError SCH107 */
export function checkDistinct(axes: readonly IterVar[], span: Span): void {
  const seen = new Set<IterVar>();
  for (const axis of axes) {
    if (seen.has(axis)) throw new CompileError(repeatedAxis(axis.name, span));
    seen.add(axis);
  }
}

function placed(stage: Stage, wanted: readonly IterVar[]): readonly IterVar[] {
  const named = new Set(wanted);
  let next = 0;
  return stage.leaves.map((leaf) => (named.has(leaf) ? (wanted[next++] ?? leaf) : leaf));
}
