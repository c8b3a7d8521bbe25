import { CompileError } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { badFactor } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { placeOf } from "./place.js";
import { checkDistinct, reorder } from "./reorder.js";
import type { AxisLike, Schedule, TailStrategy, TensorLike } from "./schedule.js";
import { split } from "./split.js";

/** Two splits and a reorder: `y, x → y.outer, x.outer, y.inner, x.inner`. The trace holds those. */
export interface TileOptions {
  readonly factors: readonly [number, number];
  readonly tail?: TailStrategy;
}

/**
 *     for y { for x { S } }   →   for y.outer { for x.outer { for y.inner in 0..fy { for x.inner in 0..fx { S } } } }
 *
 * @returns the four loops in that order
 * @throws CompileError as `split` and `reorder` do
 */
export function tile(
  schedule: Schedule,
  tensor: TensorLike,
  y: AxisLike,
  x: AxisLike,
  options: TileOptions,
): readonly [IterVar, IterVar, IterVar, IterVar] {
  const span = placeOf(schedule, tile);
  const stage = stageOf(schedule, tensor, span);
  const axes = [leafOf(schedule, stage, y, span), leafOf(schedule, stage, x, span)] as const;
  checkDistinct(axes, span);
  const [factorY, factorX] = options?.factors ?? [0, 0];
  axes.forEach((axis, position) => {
    const factor = [factorY, factorX][position];
    if (!Number.isSafeInteger(factor) || Number(factor) < 1)
      throw new CompileError(badFactor(axis.name, "factor", factor, span));
  });
  const tail = options?.tail ?? "guard";
  const [outerY, innerY] = split(schedule, tensor, axes[0], { factor: factorY, tail });
  const [outerX, innerX] = split(schedule, tensor, axes[1], { factor: factorX, tail });
  reorder(schedule, tensor, [outerY, outerX, innerY, innerX]);
  return [outerY, outerX, innerY, innerX];
}
