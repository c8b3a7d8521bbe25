import { CompileError } from "@tilewright/diagnostics";
import { type Expr, isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator, type Operator } from "../operator.js";
import { broadcastShapes, shapeOf } from "../shapes.js";
import { applyOne, inputOf, nth } from "../single.js";
import { unbroadcast } from "./reduce-sum.js";

/** ONNX's comparisons: bool, broadcast by NumPy's rule. No gradient flows through truth values. */
function comparison(name: string, version: number, body: (left: Expr, right: Expr) => Expr): Operator {
  return defineOperator({
    name: { domain: "", name, version },
    arity: [2, 2],
    infer(inputs) {
      const [left, right] = [nth(inputs, 0), nth(inputs, 1)];
      if (left.dtype !== right.dtype || (left.dtype === "bool" && name !== "Equal")) {
        throw new CompileError(wrongDType(name, "two tensors of one type", left.dtype, right.dtype));
      }
      return [{ dtype: "bool", shape: broadcastShapes(name, left.shape, right.shape) }];
    },
    compute(inputs) {
      const shape = broadcastShapes(name, extentsOf(nth(inputs, 0)), extentsOf(nth(inputs, 1)));
      return [
        elementwise(name.toLowerCase(), shape, inputs, (...elements) => body(nth(elements, 0), nth(elements, 1))),
      ];
    },
    gradient: () => [null, null],
  });
}

export const EQUAL = comparison("Equal", 13, te.eq);
export const GREATER = comparison("Greater", 13, te.gt);
export const LESS = comparison("Less", 13, te.lt);

/** ONNX `Where`: elements of the second input where the first is true, else of the third; all broadcast. */
export const WHERE = defineOperator({
  name: { domain: "", name: "Where", version: 16 },
  arity: [3, 3],
  infer(inputs) {
    const [condition, left, right] = [nth(inputs, 0), nth(inputs, 1), nth(inputs, 2)];
    if (condition.dtype !== "bool" || left.dtype !== right.dtype) {
      throw new CompileError(
        wrongDType("Where", "bool and two tensors of one type", condition.dtype, left.dtype, right.dtype),
      );
    }
    const shape = broadcastShapes("Where", left.shape, right.shape);
    return [{ dtype: left.dtype, shape: broadcastShapes("Where", condition.shape, shape) }];
  },
  compute(inputs) {
    const shape = inputs.map(extentsOf).reduce((all, one) => broadcastShapes("Where", all, one));
    const body = (...[condition, left, right]: Expr[]): Expr => te.select(condition ?? true, left ?? 0, right ?? 0);
    return [elementwise("where", shape, inputs, body)];
  },
  gradient(b, node, [g]) {
    if (g == null || !isFloat(g.dtype)) return [null, null, null];
    const [condition, left, right] = [inputOf(node, 0), inputOf(node, 1), inputOf(node, 2)];
    const zero = b.scalar(0, g.dtype);
    return [
      null,
      unbroadcast(b, where(b, condition, g, zero), shapeOf(left)),
      unbroadcast(b, where(b, condition, zero, g), shapeOf(right)),
    ];
  },
});

/** left = right, as bool. */
export function equal(b: GraphBuilder, left: Value, right: Value, name?: string): Value {
  return applyOne(b, EQUAL, [left, right], {}, name);
}
/** left > right, as bool. */
export function greater(b: GraphBuilder, left: Value, right: Value, name?: string): Value {
  return applyOne(b, GREATER, [left, right], {}, name);
}
/** left < right, as bool. */
export function less(b: GraphBuilder, left: Value, right: Value, name?: string): Value {
  return applyOne(b, LESS, [left, right], {}, name);
}
/** `whenTrue` where `condition` holds, else `whenFalse`. */
export function where(b: GraphBuilder, condition: Value, whenTrue: Value, whenFalse: Value, name?: string): Value {
  return applyOne(b, WHERE, [condition, whenTrue, whenFalse], {}, name);
}
