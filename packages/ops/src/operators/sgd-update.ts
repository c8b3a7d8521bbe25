import { CompileError } from "@tilewright/diagnostics";
import { isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType, wrongShape } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator } from "../operator.js";
import { sameShape } from "../shapes.js";
import { applyOne, first, inputOf, nth } from "../single.js";
import { mul, neg } from "./arithmetic.js";
import { reduceSum } from "./reduce-sum.js";

/** A step of gradient descent: x − rate · gradient, where `rate` has rank 0. */
export const SGD_UPDATE = defineOperator({
  name: { domain: "tilewright", name: "SgdUpdate", version: 1 },
  arity: [3, 3],
  infer(inputs) {
    const [x, gradient, rate] = [nth(inputs, 0), nth(inputs, 1), nth(inputs, 2)];
    if (!sameShape(x.shape, gradient.shape) || rate.shape.length !== 0) {
      throw new CompileError(
        wrongShape("SgdUpdate", "two tensors of one shape and a rate of rank 0", x.shape, gradient.shape, rate.shape),
      );
    }
    if (!isFloat(x.dtype) || x.dtype !== gradient.dtype || x.dtype !== rate.dtype) {
      throw new CompileError(wrongDType("SgdUpdate", "three floats of one type", x.dtype, gradient.dtype, rate.dtype));
    }
    return [x];
  },
  compute: (inputs) => [
    elementwise("sgd_update", extentsOf(first(inputs)), inputs, (...elements) =>
      te.sub(nth(elements, 0), te.mul(nth(elements, 2), nth(elements, 1))),
    ),
  ],
  gradient(b, node, [g]) {
    if (g == null) return [null, null, null];
    const [gradient, rate] = [inputOf(node, 1), inputOf(node, 2)];
    return [g, neg(b, mul(b, g, rate)), neg(b, reduceSum(b, mul(b, g, gradient), { keepdims: false }))];
  },
  reuse: [
    { output: 0, input: 0 },
    { output: 0, input: 1 },
  ],
});

/** x − rate · gradient; the rate is a number or a value of rank 0. */
export function sgdUpdate(b: GraphBuilder, x: Value, gradient: Value, rate: Value | number, name?: string): Value {
  const step = typeof rate === "number" ? b.scalar(rate, x.dtype) : rate;
  return applyOne(b, SGD_UPDATE, [x, gradient, step], {}, name);
}
