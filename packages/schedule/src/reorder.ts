import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { checkFolds, foldOrder } from "./check-folds.js";
import { repeatedAxis } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/**
 * Puts the named loops in the given order, outermost first, into the places that they hold together; other loops stay where they are.
 * Every order of data loops among reduction loops computes the same, since a reduction is initialised before its outermost loop. Reduction
 * loops change places with each other only where the fold may be taken in any order: not with `strict: true`, and not when a combiner
 * of one's own breaks ties by order.
 *
 * @throws CompileError SCH103 · SCH104 · SCH107 a loop is named twice · SCH112 · SCH128 · SCH130 the fold would give another result
 */
export function reorder(schedule: Schedule, tensor: TensorLike, axes: readonly AxisLike[]): void {
  const list: readonly AxisLike[] = Array.isArray(axes) ? (axes as readonly AxisLike[]) : [axes as unknown as AxisLike];
  primitive(schedule, reorder, { tensor, axes: list }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const wanted = list.map((axis) => leafOf(schedule, stage, axis, span));
    checkDistinct(wanted, span);
    const before = reductionLoops(stage);
    stage.leaves = placed(stage, wanted);
    const after = reductionLoops(stage);
    if (!sameLoops(before, after) && !sameLoops(after, foldOrder(stage)))
      checkFolds(stage, { primitive: "reorder", reordered: true }, span);
    record(schedule, "reorder", stage, { axes: wanted.map((axis) => axis.name) });
  });
}

const reductionLoops = (stage: Stage): readonly IterVar[] =>
  stage.leaves.filter(({ iterKind }) => iterKind === "reduce");

const sameLoops = (one: readonly IterVar[], other: readonly IterVar[] | undefined): boolean =>
  one.length === other?.length && one.every((loop, depth) => loop === other[depth]);

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
