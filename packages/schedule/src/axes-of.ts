import type { IterVar } from "@tilewright/ir";
import { stageOf } from "./lookup.js";
import { placeOf } from "./place.js";
import type { Schedule, TensorLike } from "./schedule.js";

/**
 * The loops of a stage as they now are, outermost first.
 * @throws CompileError SCH103
 */
export function axesOf(schedule: Schedule, tensor: TensorLike): readonly IterVar[] {
  return stageOf(schedule, tensor, placeOf(schedule, axesOf)).leaves;
}
