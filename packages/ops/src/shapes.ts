import { CompileError } from "@tilewright/diagnostics";
import { type Dimension, int, isConst, type Value } from "@tilewright/ir";
import { notBroadcastable, symbolicShape, wrongAttribute, wrongShape } from "./errors.js";
import type { TensorType } from "./operator.js";

/** Number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}

/** The shape as a list of numbers. @throws CompileError `OP107` for symbols. */
export function shapeOf(value: Value): readonly number[] {
  return value.shape.map((dimension) => {
    if (!isConst(dimension)) throw new CompileError(symbolicShape(value.name, value.span));
    return Number(dimension.value);
  });
}

/** Element type and shape of a value. @throws CompileError `OP107` for symbols. */
export function typeOf(value: Value): TensorType {
  return { dtype: value.dtype, shape: shapeOf(value) };
}

/** Constant dimensions. */
export function dimensionsOf(shape: readonly number[]): readonly Dimension[] {
  return shape.map((extent) => int(extent));
}

export function sameShape(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((extent, axis) => extent === right[axis]);
}

/** NumPy's rule: aligned at the last axis, equal or 1. @throws CompileError `OP103`. */
export function broadcastShapes(
  operator: string,
  left: readonly number[],
  right: readonly number[],
): readonly number[] {
  const rank = Math.max(left.length, right.length);
  return Array.from({ length: rank }, (_, axis) => {
    const a = left[axis - rank + left.length] ?? 1;
    const b = right[axis - rank + right.length] ?? 1;
    if (a !== b && a !== 1 && b !== 1) throw new CompileError(notBroadcastable(operator, left, right));
    return a === 1 ? b : a;
  });
}

/** An axis counted from the end when negative, as 0 .. rank − 1. @throws CompileError `OP106`. */
export function normalizeAxis(axis: number, rank: number): number {
  const normal = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || normal < 0 || normal >= rank) {
    throw new CompileError(wrongAttribute("axis", `an integer from ${-rank} to ${rank - 1}`, `${axis}`));
  }
  return normal;
}

/** Axes as a sorted list without repetition; an empty list stays empty. @throws CompileError `OP106`. */
export function normalizeAxes(axes: readonly number[], rank: number): readonly number[] {
  const normal = [...new Set(axes.map((axis) => normalizeAxis(axis, rank)))].sort((a, b) => a - b);
  if (normal.length !== axes.length) {
    throw new CompileError(wrongAttribute("axes", "each axis once", `[${axes.join(", ")}]`));
  }
  return normal;
}

/** A greatest element exists only where there is an element. @throws CompileError `OP104` for axes of length 0. */
export function checkNotEmpty(operator: string, shape: readonly number[], axes: readonly number[]): void {
  if (axes.some((axis) => shape[axis] === 0)) {
    throw new CompileError(wrongShape(operator, "at least one element along the axes that are folded", shape));
  }
}
