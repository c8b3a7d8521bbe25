import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { brokenUnit } from "./errors-tensorize.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike, Unit } from "./schedule.js";

/**
 *     for i { for j { S } }   →   for i { [ for j { S } ] }
 *
 * Makes the loops of a stage from `axis` inwards one unit. What is emitted does not change; from now on no primitive may split, fuse,
 * reorder or mark these loops, compute anything in them, or move the initialisation of a reduction there. Loops around stay free.
 * `tensorize` replaces a unit as a whole. (TensorIR: blockize; Exo: what a replaced call stands for.)
 *
 * @throws CompileError SCH103 · SCH104 · SCH150 something is computed inside, or the loops already belong to a unit
 */
export function blockize(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  primitive(schedule, blockize, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    stage.unit = unitFrom(stage, leaf, span);
    record(schedule, "blockize", stage, { axis: leaf.name });
  });
}

/** The loops of a stage from `leaf` inwards, as they are. @throws CompileError SCH150 for a part of a unit, or more than one that is replaced */
export function unitFrom(stage: Stage, leaf: IterVar, span: Span): Unit {
  const { unit } = stage;
  const leaves = stage.leaves.slice(stage.leaves.indexOf(leaf));
  if (unit !== null && (leaves.length < unit.leaves.length || unit.intrinsic !== null)) {
    const names = unit.leaves.map(({ name }) => name);
    const why =
      unit.intrinsic === null ? `\`${leaf.name}\` stands inside` : `\`${unit.intrinsic.name}\` takes their place`;
    throw new CompileError(brokenUnit(stage.name, names, why, span));
  }
  const marks = new Map([...stage.marks].filter(([axis]) => leaves.includes(axis)));
  return { leaves, marks, initialAt: stage.initialAt, intrinsic: null };
}
