import { CompileError } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { badFactor } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { checkDistinct, reorder } from "./reorder.js";
import { type Size, sizeOf } from "./sampled.js";
import type { AxisLike, Schedule, TailStrategy, TensorLike } from "./schedule.js";
import { split } from "./split.js";

/** Splits and a reorder: `y, x → y.outer, x.outer, y.inner, x.inner`. The trace holds those. */
export interface TileOptions {
  /** One for each tiled loop. */
  readonly factors: readonly Size[];
  readonly tail?: TailStrategy;
}

/** The loops over tiles, then the loops inside a tile, in the order of the axes. */
type Tiled<N extends number> = N extends 2
  ? readonly [IterVar, IterVar, IterVar, IterVar]
  : N extends 3
    ? readonly [IterVar, IterVar, IterVar, IterVar, IterVar, IterVar]
    : readonly IterVar[];

/**
 *     for y { for x { S } }   →   for y.outer { for x.outer { for y.inner in 0..fy { for x.inner in 0..fx { S } } } }
 *
 * Of any number of loops: `tile(s, C, ["n", "y", "x"], { factors: [1, 4, 8] })`. Halide and TVM: tile.
 *
 * @returns the loops over tiles and then those inside a tile, in the order named
 * @throws CompileError as `split` and `reorder` do; SCH101 when there is not one factor for each axis
 */
export function tile(schedule: Schedule, tensor: TensorLike, y: AxisLike, x: AxisLike, options: TileOptions): Tiled<2>;
export function tile<const A extends readonly AxisLike[]>(
  schedule: Schedule,
  tensor: TensorLike,
  axes: A,
  options: TileOptions,
): Tiled<A["length"]>;
export function tile(
  schedule: Schedule,
  tensor: TensorLike,
  ...given: readonly [...(readonly (AxisLike | readonly AxisLike[])[]), TileOptions]
): readonly IterVar[] {
  const options = given.at(-1) as TileOptions | undefined;
  const axes = given.slice(0, -1).flat() as readonly AxisLike[];
  return primitive(schedule, tile, { tensor, axes }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const loops = axes.map((axis) => leafOf(schedule, stage, axis, span));
    checkDistinct(loops, span);
    const { factors = [], tail = "guard" } = options ?? {};
    loops.forEach((axis, position) => {
      const factor = sizeOf(schedule, factors[position] as Size, span).value;
      if (!Number.isSafeInteger(factor) || Number(factor) < 1)
        throw new CompileError(badFactor(axis.name, "factor", factor, span));
    });
    const pairs = loops.map((axis, k) => split(schedule, tensor, axis, { factor: factors[k] ?? 1, tail }));
    const order = [...pairs.map(([outer]) => outer), ...pairs.map(([, inner]) => inner)];
    reorder(schedule, tensor, order);
    return order;
  });
}
