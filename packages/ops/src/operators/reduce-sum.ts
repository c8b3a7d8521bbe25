import { CompileError } from "@tilewright/diagnostics";
import type { Expr, IterVar, Tensor, Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { flagAttribute, integersAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongDType, wrongShape } from "../errors.js";
import { extentsOf, readBroadcast } from "../expressions.js";
import { defineOperator, type NodeAttributes, type TensorType } from "../operator.js";
import { broadcastShapes, normalizeAxes, sameShape, shapeOf } from "../shapes.js";
import { applyOne, first, inputOf, nth } from "../single.js";
import { reshape } from "./reshape.js";

/** Which axes a reduction folds, and whether they stay with length 1. */
export interface ReduceOptions {
  /** All, unless told. Counted from the end when negative. */
  readonly axes?: readonly number[];
  readonly keepdims?: boolean;
}

/** Attributes `axes` and `keepdims` as ONNX reads them: all axes when none are named. */
export function reduction(attributes: NodeAttributes, rank: number): { axes: readonly number[]; keepdims: boolean } {
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const axes = normalizeAxes(integersAttribute(attributes, "axes", all), rank);
  return { axes, keepdims: flagAttribute(attributes, "keepdims", true) };
}

/** The shape after folding `axes`. */
export function reducedType(
  name: string,
  { dtype, shape }: TensorType,
  attributes: NodeAttributes,
): readonly TensorType[] {
  if (dtype === "bool") throw new CompileError(wrongDType(name, "numbers", dtype));
  const { axes, keepdims } = reduction(attributes, shape.length);
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return [{ dtype, shape: keepdims ? kept : kept.filter((_, axis) => !axes.includes(axis)) }];
}

/** Folds `x` over the axes that `attributes` name. With no axis to fold, every element is folded alone. */
export function reduced(
  name: string,
  x: Tensor,
  attributes: NodeAttributes,
  fold: (element: Expr, axes: readonly IterVar[]) => Expr,
): Tensor {
  const extents = extentsOf(x);
  const { axes, keepdims } = reduction(attributes, extents.length);
  const [type] = reducedType(name, { dtype: x.dtype, shape: extents }, attributes);
  const folded = new Map(axes.map((axis) => [axis, te.reduceAxis(extents[axis] ?? 1, `k${axis}`)]));
  const body = (...index: Expr[]): Expr => {
    let position = 0;
    const at = extents.map((_, axis) => {
      const own = keepdims ? index[axis] : folded.has(axis) ? undefined : index[position++];
      return folded.get(axis) ?? own ?? 0;
    });
    return folded.size === 0 ? te.read(x, ...at) : fold(te.read(x, ...at), [...folded.values()]);
  };
  return te.compute(type?.shape ?? [], body, { name });
}

/** Sums over axes: ONNX `ReduceSum` in its attribute form. Its gradient stretches, that of `BroadcastTo` sums: they are adjoint. */
export const REDUCE_SUM = defineOperator({
  name: { domain: "", name: "ReduceSum", version: 11 },
  arity: [1, 1],
  infer: (inputs, attributes) => reducedType("ReduceSum", nth(inputs, 0), attributes),
  compute: (inputs, attributes) => [
    reduced("sum", first(inputs), attributes, (element, axes) => te.sum(element, axes)),
  ],
  gradient(b, node, [g]) {
    const shape = shapeOf(inputOf(node, 0));
    return [g == null ? null : stretch(b, g, reduction(node.attributes, shape.length).axes, shape)];
  },
});

/** Repeats axes of length 1, and puts axes before the first, up to the attribute `shape`: NumPy's `broadcast_to`. */
export const BROADCAST_TO = defineOperator({
  name: { domain: "tilewright", name: "BroadcastTo", version: 1 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const { dtype, shape } = nth(inputs, 0);
    const target = integersAttribute(attributes, "shape");
    if (!sameShape(broadcastShapes("BroadcastTo", shape, target), target)) {
      throw new CompileError(
        wrongShape("BroadcastTo", "an input that stretches to the shape asked for", shape, target),
      );
    }
    return [{ dtype, shape: target }];
  },
  compute(inputs, attributes) {
    const shape = integersAttribute(attributes, "shape");
    const body = (...index: Expr[]): Expr => readBroadcast(first(inputs), index, shape);
    return [te.compute(shape, body, { name: "broadcast" })];
  },
  gradient: (b, node, [g]) => [g == null ? null : unbroadcast(b, g, shapeOf(inputOf(node, 0)))],
});

/** Σ over axes. */
export function reduceSum(b: GraphBuilder, x: Value, options: ReduceOptions = {}, name?: string): Value {
  return applyOne(b, REDUCE_SUM, [x], { ...options }, name);
}

/** `x` repeated up to `shape`. @throws CompileError `OP103`, `OP104` when it does not stretch so. */
export function broadcastTo(b: GraphBuilder, x: Value, shape: readonly number[], name?: string): Value {
  return applyOne(b, BROADCAST_TO, [x], { shape }, name);
}

/** The adjoint of broadcasting `shape` to the shape of `gradient`: sums over the axes that were stretched. */
export function unbroadcast(b: GraphBuilder, gradient: Value, shape: readonly number[]): Value {
  const from = shapeOf(gradient);
  if (sameShape(from, shape)) return gradient;
  const added = from.length - shape.length;
  const stretched = (axis: number): boolean => axis < added || (shape[axis - added] === 1 && from[axis] !== 1);
  const axes = from.map((_, axis) => axis).filter(stretched);
  const summed = reduceSum(b, gradient, { axes, keepdims: false });
  return sameShape(shapeOf(summed), shape) ? summed : reshape(b, summed, shape);
}

/** The gradient of a reduction over `axes`, stretched back to `shape`. */
export function stretch(b: GraphBuilder, gradient: Value, axes: readonly number[], shape: readonly number[]): Value {
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const aligned = sameShape(shapeOf(gradient), kept) ? gradient : reshape(b, gradient, kept);
  return sameShape(kept, shape) ? aligned : broadcastTo(b, aligned, shape);
}
