import { CompileError } from "@tilewright/diagnostics";
import { type GraphNode, isFloat, type Value } from "@tilewright/ir";
import { integersAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute, wrongDType, wrongShape } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes, type TensorType } from "../operator.js";
import { sameShape, shapeOf } from "../shapes.js";
import { applyOne, inputOf, nth } from "../single.js";
import { biased, convolution, weightGradient } from "./conv-expressions.js";
import { type ConvGeometry, type ConvOptions, convGeometry } from "./conv-geometry.js";
import { reduceSum } from "./reduce-sum.js";
import { inputGradient } from "./transposed-convolution.js";

type Pair = readonly [number, number];

/** The last two of the four dimensions NCHW or OCHW. @throws CompileError `OP104`. */
export function plane(shape: readonly number[]): Pair {
  const [, , rows, columns] = shape;
  if (shape.length !== 4 || rows === undefined || columns === undefined) {
    throw new CompileError(wrongShape("Conv", "tensors of rank 4, NCHW", shape));
  }
  return [rows, columns];
}

function pairAttribute(attributes: NodeAttributes, name: string): Pair {
  const [rows, columns] = integersAttribute(attributes, name);
  if (rows === undefined || columns === undefined) {
    throw new CompileError(wrongAttribute(name, "rows and columns", "fewer numbers"));
  }
  return [rows, columns];
}

export function checkTypes(name: string, ...types: readonly TensorType[]): void {
  const [one] = types;
  if (one === undefined || !isFloat(one.dtype) || types.some(({ dtype }) => dtype !== one.dtype)) {
    throw new CompileError(wrongDType(name, "floats of one type", ...types.map(({ dtype }) => dtype)));
  }
}

function checkChannels(x: readonly number[], w: readonly number[], { group }: ConvGeometry): void {
  if (x[1] !== (w[1] ?? 0) * group || (w[0] ?? 0) % group !== 0) {
    throw new CompileError(wrongShape("Conv", `[N, C, H, W] and [O, C / ${group}, R, S]`, x, w));
  }
}

/** @throws CompileError `OP104` a bias that is not one number for each output channel */
export function checkBias(name: string, bias: TensorType | undefined, outputs: number): void {
  if (bias !== undefined && !sameShape(bias.shape, [outputs]))
    throw new CompileError(wrongShape(name, `a bias of shape (${outputs})`, bias.shape));
}

/** The gradients of activations and weights, and of the bias where there is one. */
export function withBias(b: GraphBuilder, node: GraphNode, gradients: readonly Value[], g: Value): readonly Value[] {
  return node.inputs.length === 2 ? gradients : [...gradients, reduceSum(b, g, { axes: [0, 2, 3], keepdims: false })];
}

const planeOf = (tensor: Parameters<typeof extentsOf>[0]): Pair => plane(extentsOf(tensor));

/** ONNX `Conv` in two dimensions: activations NCHW, weights OCHW, an optional bias for each output channel. */
export const CONV = defineOperator({
  name: { domain: "", name: "Conv", version: 11 },
  arity: [2, 3],
  infer(inputs, attributes) {
    const [x, w] = [nth(inputs, 0), nth(inputs, 1)];
    checkTypes("Conv", ...inputs);
    const geometry = convGeometry(attributes, plane(x.shape), plane(w.shape));
    checkChannels(x.shape, w.shape, geometry);
    const outputs = w.shape[0] ?? 0;
    checkBias("Conv", inputs[2], outputs);
    return [{ dtype: x.dtype, shape: [x.shape[0] ?? 0, outputs, ...geometry.output] }];
  },
  compute(inputs, attributes) {
    const [x, w] = [nth(inputs, 0), nth(inputs, 1)];
    const y = convolution(x, w, convGeometry(attributes, planeOf(x), planeOf(w)));
    return [inputs[2] === undefined ? y : biased(y, inputs[2])];
  },
  gradient(b, node, [g]) {
    if (g == null) return node.inputs.map(() => null);
    const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
    const gradients = [
      convInputGradient(b, g, w, plane(shapeOf(x)), node.attributes),
      convWeightGradient(b, x, g, plane(shapeOf(w)), node.attributes),
    ];
    return withBias(b, node, gradients, g);
  },
});

/** The gradient of `Conv` with respect to its activations; attribute `input`: their rows and columns. */
export const CONV_INPUT_GRADIENT = defineOperator({
  name: { domain: "tilewright", name: "ConvInputGradient", version: 1 },
  arity: [2, 2],
  infer(inputs, attributes) {
    const [g, w] = [nth(inputs, 0), nth(inputs, 1)];
    checkTypes("ConvInputGradient", g, w);
    const { output, group, input } = convGeometry(attributes, pairAttribute(attributes, "input"), plane(w.shape));
    if (g.shape[1] !== w.shape[0] || !sameShape(plane(g.shape), output)) {
      throw new CompileError(
        wrongShape("ConvInputGradient", "a gradient of the convolution's shape", g.shape, w.shape),
      );
    }
    return [{ dtype: g.dtype, shape: [g.shape[0] ?? 0, (w.shape[1] ?? 0) * group, ...input] }];
  },
  compute(inputs, attributes) {
    const [g, w] = [nth(inputs, 0), nth(inputs, 1)];
    return [inputGradient(g, w, convGeometry(attributes, pairAttribute(attributes, "input"), planeOf(w)))];
  },
  gradient(b, node, [gradient]) {
    if (gradient == null) return [null, null];
    const [g, w] = [inputOf(node, 0), inputOf(node, 1)];
    const { input: _, ...attributes } = node.attributes;
    return [
      applyOne(b, CONV, [gradient, w], attributes),
      convWeightGradient(b, gradient, g, plane(shapeOf(w)), attributes),
    ];
  },
});

/** The gradient of `Conv` with respect to its weights; attribute `kernel`: their rows and columns. */
export const CONV_WEIGHT_GRADIENT = defineOperator({
  name: { domain: "tilewright", name: "ConvWeightGradient", version: 1 },
  arity: [2, 2],
  infer(inputs, attributes) {
    const [x, g] = [nth(inputs, 0), nth(inputs, 1)];
    checkTypes("ConvWeightGradient", x, g);
    const { output, group, kernel } = convGeometry(attributes, plane(x.shape), pairAttribute(attributes, "kernel"));
    if (g.shape[0] !== x.shape[0] || !sameShape(plane(g.shape), output)) {
      throw new CompileError(
        wrongShape("ConvWeightGradient", "a gradient of the convolution's shape", x.shape, g.shape),
      );
    }
    return [{ dtype: g.dtype, shape: [g.shape[1] ?? 0, (x.shape[1] ?? 0) / group, ...kernel] }];
  },
  compute(inputs, attributes) {
    const [x, g] = [nth(inputs, 0), nth(inputs, 1)];
    return [weightGradient(x, g, convGeometry(attributes, planeOf(x), pairAttribute(attributes, "kernel")))];
  },
  gradient(b, node, [gradient]) {
    if (gradient == null) return [null, null];
    const [x, g] = [inputOf(node, 0), inputOf(node, 1)];
    const { kernel: _, ...attributes } = node.attributes;
    return [
      convInputGradient(b, g, gradient, plane(shapeOf(x)), attributes),
      applyOne(b, CONV, [x, gradient], attributes),
    ];
  },
});

function convInputGradient(b: GraphBuilder, g: Value, w: Value, input: Pair, attributes: NodeAttributes): Value {
  return applyOne(b, CONV_INPUT_GRADIENT, [g, w], { ...attributes, input });
}

export function convWeightGradient(
  b: GraphBuilder,
  x: Value,
  g: Value,
  kernel: Pair,
  attributes: NodeAttributes,
): Value {
  return applyOne(b, CONV_WEIGHT_GRADIENT, [x, g], { ...attributes, kernel });
}

/** Convolution of `x[N, C, H, W]` with `w[O, C / group, R, S]`. @throws CompileError `OP104`, `OP106`. */
export function conv2d(b: GraphBuilder, x: Value, w: Value, options: ConvOptions = {}, name?: string): Value {
  return applyOne(b, CONV, [x, w], { ...options }, name);
}
