import { CompileError } from "@tilewright/diagnostics";
import type { Value } from "@tilewright/ir";
import { integersAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute, wrongShape } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes } from "../operator.js";
import { shapeOf } from "../shapes.js";
import { applyOne, inputOf, nth } from "../single.js";
import { CONV, checkBias, checkTypes, convWeightGradient, plane, withBias } from "./conv.js";
import { biased } from "./conv-expressions.js";
import { type ConvGeometry, type ConvOptions, convGeometry } from "./conv-geometry.js";
import { inputGradient } from "./transposed-convolution.js";

type Pair = readonly [number, number];

/** Attributes of ONNX `ConvTranspose`, in numbers. */
export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns that the output has more, below the strides. */
  readonly output_padding?: Pair;
}

/**
 * The convolution that it transposes: its input has the size of this one's output.
 * @throws CompileError `OP106` attributes out of range · `OP104` no output is left, or `x` is no output of that convolution
 */
function geometryOf(x: readonly number[], w: readonly number[], attributes: NodeAttributes): ConvGeometry {
  const [size, kernel] = [plane(x), plane(w)];
  const { strides, dilations, pads } = convGeometry(attributes, [2 ** 30, 2 ** 30], kernel);
  const more = integersAttribute(attributes, "output_padding", [0, 0]);
  if (more.length !== 2 || more.some((each, k) => each < 0 || each >= (strides[k] ?? 1)))
    throw new CompileError(wrongAttribute("output_padding", "2 whole numbers ≥ 0 below the strides", `[${more}]`));
  const extent = (k: 0 | 1): number => {
    const reach = (kernel[k] - 1) * dilations[k] + 1;
    return (size[k] - 1) * strides[k] + reach - pads[k] - pads[(k + 2) as 2 | 3] + (more[k] ?? 0);
  };
  const output: Pair = [extent(0), extent(1)];
  if (Math.min(...output) < 1)
    throw new CompileError(wrongShape("ConvTranspose", "an output that padding leaves", x, w));
  return convGeometry(attributes, output, kernel);
}

/**
 * ONNX `ConvTranspose` in two dimensions: activations NCHW, weights `[C, O / group, R, S]`, an optional bias for each output channel. What `Conv` with the
 * same attributes does to the gradient of its output.
 */
export const CONV_TRANSPOSE = defineOperator({
  name: { domain: "", name: "ConvTranspose", version: 11 },
  arity: [2, 3],
  infer(inputs, attributes) {
    const [x, w] = [nth(inputs, 0), nth(inputs, 1)];
    checkTypes("ConvTranspose", ...inputs);
    const { group, input } = geometryOf(x.shape, w.shape, attributes);
    if (x.shape[1] !== w.shape[0] || (x.shape[1] ?? 0) % group !== 0)
      throw new CompileError(wrongShape("ConvTranspose", `[N, C, H, W] and [C, O / ${group}, R, S]`, x.shape, w.shape));
    const outputs = (w.shape[1] ?? 0) * group;
    checkBias("ConvTranspose", inputs[2], outputs);
    return [{ dtype: x.dtype, shape: [x.shape[0] ?? 0, outputs, ...input] }];
  },
  compute(inputs, attributes) {
    const [x, w] = [nth(inputs, 0), nth(inputs, 1)];
    const y = inputGradient(x, w, geometryOf(extentsOf(x), extentsOf(w), attributes));
    return [inputs[2] === undefined ? y : biased(y, inputs[2])];
  },
  gradient(b, node, [g]) {
    if (g == null) return node.inputs.map(() => null);
    const [x, w] = [inputOf(node, 0), inputOf(node, 1)];
    const { output_padding: _, ...attributes } = node.attributes;
    const gradients = [
      applyOne(b, CONV, [g, w], attributes),
      convWeightGradient(b, g, x, plane(shapeOf(w)), attributes),
    ];
    return withBias(b, node, gradients, g);
  },
});

/**
 * Transposed convolution of `x[N, C, H, W]` with `w[C, O / group, R, S]`: `[N, O, (H − 1) · stride + (R − 1) · dilation + 1 − pads + output_padding, …]`.
 * @throws CompileError `OP104`, `OP106`
 */
export function convTranspose2d(
  b: GraphBuilder,
  x: Value,
  w: Value,
  options: ConvTransposeOptions = {},
  name?: string,
): Value {
  return applyOne(b, CONV_TRANSPOSE, [x, w], { ...options }, name);
}
