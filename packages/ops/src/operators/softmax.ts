import { CompileError } from "@tilewright/diagnostics";
import { type Expr, type IterVar, isFloat, type Tensor, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { numberAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes, type TensorType } from "../operator.js";
import { normalizeAxis } from "../shapes.js";
import { applyOne, first, inputOf, nth, outputOf } from "../single.js";
import { mul, sub } from "./arithmetic.js";
import { reduceSum } from "./reduce-sum.js";
import { exp } from "./unary.js";

/** Folds along `axis`; the result has the other axes. */
function along(
  name: string,
  x: Tensor,
  axis: number,
  fold: (element: Expr, axis: IterVar) => Expr,
  element: (at: readonly Expr[]) => Expr,
): Tensor {
  const extents = extentsOf(x);
  const folded = te.reduceAxis(extents[axis] ?? 1, "k");
  const body = (...others: Expr[]): Expr =>
    fold(element([...others.slice(0, axis), folded.variable, ...others.slice(axis)]), folded);
  return te.compute(
    extents.filter((_, position) => position !== axis),
    body,
    { name },
  );
}

/** What softmax and its logarithm share: the greatest element of each row, exponentials of what is below it, and their sum. */
export function rowSums(
  x: Tensor,
  axis: number,
): { readonly greatest: Tensor; readonly exponentials: Tensor; readonly total: Tensor } {
  const greatest = along(
    "row_max",
    x,
    axis,
    (e, k) => te.max(e, k),
    (at) => te.read(x, ...at),
  );
  const below = (...at: Expr[]): Expr => te.sub(te.read(x, ...at), te.read(greatest, ...without(at, axis)));
  const exponentials = te.compute(extentsOf(x), (...at: Expr[]) => te.exp(below(...at)), { name: "exponentials" });
  const total = along(
    "row_sum",
    x,
    axis,
    (e, k) => te.sum(e, k),
    (at) => te.read(exponentials, ...at),
  );
  return { greatest, exponentials, total };
}

function inferSoftmax(name: string, inputs: readonly TensorType[], attributes: NodeAttributes): readonly TensorType[] {
  const x = nth(inputs, 0);
  if (!isFloat(x.dtype)) throw new CompileError(wrongDType(name, "a float", x.dtype));
  normalizeAxis(numberAttribute(attributes, "axis", -1), x.shape.length);
  return [x];
}

const axisOf = (attributes: NodeAttributes, rank: number): number =>
  normalizeAxis(numberAttribute(attributes, "axis", -1), rank);

const without = (index: readonly Expr[], axis: number): readonly Expr[] => index.filter((_, each) => each !== axis);

/** ONNX `Softmax`: exponentials, shifted by the greatest for safety, times the reciprocal of their sum along `axis`: one division for a row. */
export const SOFTMAX = defineOperator({
  name: { domain: "", name: "Softmax", version: 13 },
  arity: [1, 1],
  infer: (inputs, attributes) => inferSoftmax("Softmax", inputs, attributes),
  compute(inputs, attributes) {
    const x = first(inputs);
    const axis = axisOf(attributes, x.shape.length);
    const { exponentials, total } = rowSums(x, axis);
    const body = (...index: Expr[]): Expr =>
      te.mul(te.read(exponentials, ...index), te.div(1, te.read(total, ...without(index, axis))));
    return [te.compute(extentsOf(x), body, { name: "softmax" })];
  },
  gradient(b, node, [g]) {
    if (g == null) return [null];
    const y = outputOf(node);
    const scaled = mul(b, g, y);
    const axes = [axisOf(node.attributes, y.shape.length)];
    return [sub(b, scaled, mul(b, y, reduceSum(b, scaled, { axes, keepdims: true })))];
  },
});

/** ONNX `LogSoftmax`: x − max − log Σ exp(x − max) along `axis`. */
export const LOG_SOFTMAX = defineOperator({
  name: { domain: "", name: "LogSoftmax", version: 13 },
  arity: [1, 1],
  infer: (inputs, attributes) => inferSoftmax("LogSoftmax", inputs, attributes),
  compute(inputs, attributes) {
    const x = first(inputs);
    const axis = axisOf(attributes, x.shape.length);
    const { greatest, total } = rowSums(x, axis);
    const body = (...index: Expr[]): Expr => {
      const row = without(index, axis);
      return te.sub(te.sub(te.read(x, ...index), te.read(greatest, ...row)), te.log(te.read(total, ...row)));
    };
    return [te.compute(extentsOf(x), body, { name: "log_softmax" })];
  },
  gradient(b, node, [g]) {
    if (g == null) return [null];
    const y = outputOf(node);
    const axes = [axisOf(node.attributes, inputOf(node, 0).shape.length)];
    return [sub(b, g, mul(b, exp(b, y), reduceSum(b, g, { axes, keepdims: true })))];
  },
});

/** Softmax along `axis` (the last). */
export function softmax(b: GraphBuilder, x: Value, axis = -1, name?: string): Value {
  return applyOne(b, SOFTMAX, [x], { axis }, name);
}
/** The logarithm of softmax along `axis` (the last). */
export function logSoftmax(b: GraphBuilder, x: Value, axis = -1, name?: string): Value {
  return applyOne(b, LOG_SOFTMAX, [x], { axis }, name);
}
