import { CompileError } from "@tilewright/diagnostics";
import { type Expr, isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { stringAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute, wrongDType, wrongShape } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes } from "../operator.js";
import { sameShape, shapeOf } from "../shapes.js";
import { applyOne, inputOf, nth } from "../single.js";
import { mul, neg, sub } from "./arithmetic.js";
import { reduceSum } from "./reduce-sum.js";
import { logSoftmax, rowSums, softmax } from "./softmax.js";

/** How the losses of the rows become one number. */
export type LossReduction = "mean" | "sum";

function weightOf(attributes: NodeAttributes, rows: number): number {
  const reduction = stringAttribute(attributes, "reduction", "mean");
  if (reduction !== "mean" && reduction !== "sum") {
    throw new CompileError(wrongAttribute("reduction", "mean or sum", reduction));
  }
  return reduction === "mean" ? 1 / rows : 1;
}

/**
 * Cross entropy of softmax: logits `[rows, classes]` and labels of the same shape (one-hot, or any distribution) to one number of rank 0,
 * the mean or sum over rows of Σⱼ labelⱼ · (log Σ exp logits − logitⱼ).
 */
export const SOFTMAX_CROSS_ENTROPY = defineOperator({
  name: { domain: "tilewright", name: "SoftmaxCrossEntropy", version: 1 },
  arity: [2, 2],
  infer(inputs, attributes) {
    const [logits, labels] = [nth(inputs, 0), nth(inputs, 1)];
    if (logits.shape.length !== 2 || !sameShape(logits.shape, labels.shape)) {
      throw new CompileError(
        wrongShape("SoftmaxCrossEntropy", "[rows, classes] for both inputs", logits.shape, labels.shape),
      );
    }
    if (!isFloat(logits.dtype) || logits.dtype !== labels.dtype) {
      throw new CompileError(wrongDType("SoftmaxCrossEntropy", "two floats of one type", logits.dtype, labels.dtype));
    }
    weightOf(attributes, logits.shape[0] ?? 1);
    return [{ dtype: logits.dtype, shape: [] }];
  },
  compute(inputs, attributes) {
    const [logits, labels] = [nth(inputs, 0), nth(inputs, 1)];
    const [rows = 1, classes = 1] = extentsOf(logits);
    const { greatest, total } = rowSums(logits, 1);
    const level = te.compute([rows], (i) => te.add(te.read(greatest, i), te.log(te.read(total, i))), {
      name: "row_level",
    });
    const k = te.reduceAxis(classes, "k");
    const term = (i: Expr): Expr => te.mul(te.read(labels, i, k), te.sub(te.read(level, i), te.read(logits, i, k)));
    const losses = te.compute([rows], (i) => te.sum(term(i), k), { name: "row_loss" });
    const r = te.reduceAxis(rows, "r");
    const sum = te.compute([], () => te.sum(te.read(losses, r), r), { name: "loss_sum" });
    return [te.compute([], () => te.mul(te.read(sum), weightOf(attributes, rows)), { name: "loss" })];
  },
  gradient(b, node, [g]) {
    if (g == null) return [null, null];
    const [logits, labels] = [inputOf(node, 0), inputOf(node, 1)];
    const scaled = mul(b, g, weightOf(node.attributes, shapeOf(logits)[0] ?? 1));
    const mass = reduceSum(b, labels, { axes: [1], keepdims: true });
    return [
      mul(b, sub(b, mul(b, softmax(b, logits), mass), labels), scaled),
      neg(b, mul(b, logSoftmax(b, logits), scaled)),
    ];
  },
});

/** Cross entropy of softmax of `logits` against `labels`, both `[rows, classes]`; a number of rank 0. */
export function softmaxCrossEntropy(
  b: GraphBuilder,
  logits: Value,
  labels: Value,
  options: { readonly reduction?: LossReduction } = {},
  name?: string,
): Value {
  return applyOne(b, SOFTMAX_CROSS_ENTROPY, [logits, labels], { ...options }, name);
}
