import { rangeOf } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Const, type DType, type Expr, type IterVar, isFloat, type Json } from "@tilewright/ir";
import { checkInvertible } from "./check-layout.js";
import { badLayout } from "./errors.js";
import { alignedAlready, badPadValue } from "./errors-layout.js";
import { layoutOf } from "./layout-map.js";
import { type LayoutDimensionOptions, layoutJson, readLayout } from "./layout-options.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { withSizes } from "./sampled.js";
import type { LayoutDimension, Schedule, Stage, TensorLike } from "./schedule.js";
import { checkOwnsMemory } from "./scope.js";

/** Dimensions of the memory as digits, or as `index` expressions of the indices. */
export type LayoutLike = readonly LayoutDimensionOptions[] | ((...indices: readonly Expr[]) => readonly Expr[]);

export interface LayoutOptions {
  /** What memory holds where the layout puts no element; undefined values unless told. */
  readonly padValue?: number;
}

/**
 * Stores a stage's elements in another order; its loops stay. Each sum of digits becomes one dimension of the memory:
 *
 *     transformLayout(s, B, (k, j) => [floordiv(j, 8), k, floormod(j, 8)])
 *     transformLayout(s, B, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }])
 *
 * both keep `B[k][j]` at `[j // 8][k][j % 8]`, padded up to whole panels of 8. Any one-to-one map made of sums, constant factors, floor
 * divisions and remainders by constants will do: dimensions are split, fused (`(i, j) => [add(mul(i, 8), j)]`), permuted. Positions count
 * from the first element that the stage computes where it stands. With `padValue` the memory is filled before the stage is computed, so
 * that whole panels may be read. (TVM: transform_layout, with its pad_value; Halide: reorder_storage.)
 *
 * @throws CompileError SCH103 · SCH110 the memory is the caller's, an extern operation's or a recurrence's · SCH115 the map is not
 *   one-to-one · SCH142 a dimension is aligned · SCH143 a padding value that the type does not have · SCH146 a size sampled elsewhere
 */
export function transformLayout(
  schedule: Schedule,
  tensor: TensorLike,
  layout: LayoutLike,
  options: LayoutOptions = {},
): void {
  primitive(schedule, transformLayout, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkOwnsMemory(schedule, stage, "transformLayout", span);
    if (stage.alignments.length > 0) {
      const aligned = stage.alignments.map(({ dimension }) => dimension);
      throw new CompileError(alignedAlready(stage.name, aligned, span));
    }
    const sizes = withSizes(schedule, layout, span);
    stage.layout = checkedLayout(stage, sizes.values as LayoutLike, span);
    stage.padValue = checkedPadValue(stage, options?.padValue, span);
    const padValue = stage.padValue === null ? {} : { padValue: numberJson(stage.padValue) };
    const digits = sizes.isSampled ? sizes.json : layoutJson(stage.layout);
    record(schedule, "transformLayout", stage, { digits, ...padValue });
  });
}

/** What a caller or a trace says of the data axes of a stage. @throws CompileError SCH115 */
export function checkedLayout(stage: Stage, given: LayoutLike, span: Span): readonly LayoutDimension[] {
  const fail = (why: string): never => {
    throw new CompileError(badLayout(stage.name, why, span));
  };
  const extents = stage.axes.map(({ extent }) => Number((extent as Const).value));
  const layout = typeof given === "function" ? mapped(stage.axes, extents, given, fail) : readLayout(given, fail);
  checkInvertible(
    layout,
    stage.axes.map(({ name }, dimension) => ({ name, extent: extents[dimension] ?? 1 })),
    fail,
  );
  return layout;
}

function mapped(
  axes: readonly IterVar[],
  extents: readonly number[],
  map: (...indices: readonly Expr[]) => readonly Expr[],
  fail: (why: string) => never,
): readonly LayoutDimension[] {
  const outputs: unknown = map(...axes.map(({ variable }) => variable));
  if (!Array.isArray(outputs) || !outputs.every((each) => typeof each === "object" && each !== null && "dtype" in each))
    return fail("a function that gives no list of expressions");
  const found = layoutOf(axes, extents, outputs as readonly Expr[]);
  return typeof found === "string" ? fail(found) : found;
}

/** @throws CompileError SCH143 */
function checkedPadValue(stage: Stage, given: number | undefined, span: Span): number | null {
  if (given === undefined || given === null) return null;
  for (const { dtype } of stage.tensors)
    if (!isValueOf(dtype, given)) throw new CompileError(badPadValue(stage.name, dtype, given, span));
  return given;
}

function isValueOf(dtype: DType, value: unknown): boolean {
  if (typeof value !== "number") return false;
  if (isFloat(dtype)) return true;
  if (dtype === "bool") return value === 0 || value === 1;
  const { min, max } = rangeOf(dtype);
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

/** A number as JSON has it, or its name. */
const numberJson = (value: number): Json => (Number.isFinite(value) ? value : String(value));
