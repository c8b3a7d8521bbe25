import { CompileError } from "@tilewright/diagnostics";
import { isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType, wrongShape } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator } from "../operator.js";
import { sameShape } from "../shapes.js";
import { applyOne, first, inputOf, nth, outputOf } from "../single.js";

/** ONNX `Relu`: max(x, 0). Its gradient reads the output, which is positive exactly where the input is. */
export const RELU = defineOperator({
  name: { domain: "", name: "Relu", version: 14 },
  arity: [1, 1],
  infer(inputs) {
    const x = nth(inputs, 0);
    if (!isFloat(x.dtype)) throw new CompileError(wrongDType("Relu", "a float", x.dtype));
    return [x];
  },
  compute: (inputs) => [elementwise("relu", extentsOf(first(inputs)), inputs, (x) => te.maximum(x, 0))],
  gradient: (b, node, [g]) => [g == null ? null : reluGradient(b, g, outputOf(node))],
  reuse: [{ output: 0, input: 0 }],
});

/** The first input where the second is positive, else 0. */
export const RELU_GRADIENT = defineOperator({
  name: { domain: "tilewright", name: "ReluGradient", version: 1 },
  arity: [2, 2],
  infer(inputs) {
    const [g, x] = [nth(inputs, 0), nth(inputs, 1)];
    if (!isFloat(g.dtype) || g.dtype !== x.dtype) {
      throw new CompileError(wrongDType("ReluGradient", "two floats of one type", g.dtype, x.dtype));
    }
    if (!sameShape(g.shape, x.shape)) {
      throw new CompileError(wrongShape("ReluGradient", "two tensors of one shape", g.shape, x.shape));
    }
    return [g];
  },
  compute: (inputs) => [
    elementwise("relu_gradient", extentsOf(first(inputs)), inputs, (...elements) =>
      te.select(te.gt(nth(elements, 1), 0), nth(elements, 0), 0),
    ),
  ],
  gradient: (b, node, [g]) => [g == null ? null : reluGradient(b, g, inputOf(node, 1)), null],
  reuse: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
});

/** max(x, 0). */
export function relu(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, RELU, [x], {}, name);
}
/** `gradient` where `x` is positive, else 0; `x` may be the input or the output of relu. */
export function reluGradient(b: GraphBuilder, gradient: Value, x: Value, name?: string): Value {
  return applyOne(b, RELU_GRADIENT, [gradient, x], {}, name);
}
