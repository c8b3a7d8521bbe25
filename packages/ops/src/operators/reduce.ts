import { CompileError } from "@tilewright/diagnostics";
import { isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator } from "../operator.js";
import { checkNotEmpty, shapeOf, sizeOf } from "../shapes.js";
import { applyOne, first, inputOf, nth, outputOf } from "../single.js";
import { div, mul } from "./arithmetic.js";
import { cast } from "./cast.js";
import { equal } from "./compare.js";
import { type ReduceOptions, reduced, reducedType, reduceSum, reduction, stretch } from "./reduce-sum.js";

/** The mean over axes: ONNX `ReduceMean` in its attribute form. */
export const REDUCE_MEAN = defineOperator({
  name: { domain: "", name: "ReduceMean", version: 13 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const x = nth(inputs, 0);
    if (!isFloat(x.dtype)) throw new CompileError(wrongDType("ReduceMean", "a float", x.dtype));
    return reducedType("ReduceMean", x, attributes);
  },
  compute(inputs, attributes) {
    const x = first(inputs);
    const extents = extentsOf(x);
    const count = sizeOf(reduction(attributes, extents.length).axes.map((axis) => extents[axis] ?? 1));
    const sum = reduced("sum", x, attributes, (element, axes) => te.sum(element, axes));
    return [te.compute(extentsOf(sum), (...index) => te.mul(te.read(sum, ...index), 1 / count), { name: "mean" })];
  },
  gradient(b, node, [g]) {
    if (g == null) return [null];
    const shape = shapeOf(inputOf(node, 0));
    const { axes } = reduction(node.attributes, shape.length);
    const count = sizeOf(axes.map((axis) => shape[axis] ?? 1));
    return [stretch(b, mul(b, g, 1 / count), axes, shape)];
  },
});

/** The greatest element over axes: ONNX `ReduceMax` in its attribute form. The gradient is shared by equal greatest elements. */
export const REDUCE_MAX = defineOperator({
  name: { domain: "", name: "ReduceMax", version: 13 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const x = nth(inputs, 0);
    checkNotEmpty("ReduceMax", x.shape, reduction(attributes, x.shape.length).axes);
    return reducedType("ReduceMax", x, attributes);
  },
  compute: (inputs, attributes) => [
    reduced("max", first(inputs), attributes, (element, axes) => te.max(element, axes)),
  ],
  gradient(b, node, [g]) {
    if (g == null) return [null];
    const x = inputOf(node, 0);
    const shape = shapeOf(x);
    const { axes } = reduction(node.attributes, shape.length);
    const hits = cast(b, equal(b, x, stretch(b, outputOf(node), axes, shape)), x.dtype);
    const share = div(b, hits, stretch(b, reduceSum(b, hits, { axes, keepdims: true }), axes, shape));
    return [mul(b, stretch(b, g, axes, shape), share)];
  },
});

/** The mean over axes. */
export function reduceMean(b: GraphBuilder, x: Value, options: ReduceOptions = {}, name?: string): Value {
  return applyOne(b, REDUCE_MEAN, [x], { ...options }, name);
}
/** The greatest element over axes. */
export function reduceMax(b: GraphBuilder, x: Value, options: ReduceOptions = {}, name?: string): Value {
  return applyOne(b, REDUCE_MAX, [x], { ...options }, name);
}
