import { CompileError } from "@tilewright/diagnostics";
import { CONTRACT, type Expr, isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator, type Operator } from "../operator.js";
import { broadcastShapes, shapeOf } from "../shapes.js";
import { applyOne, first, inputOf, nth, outputOf } from "../single.js";
import { unbroadcast } from "./reduce-sum.js";

/** A factor stands for a value: a number takes the element type of the other operand. */
export type Factor = Value | number;

/** Gradients of both operands, each before it is summed over stretched axes. They are made only when asked for. */
export interface BinaryGradient {
  left(b: GraphBuilder, g: Value, left: Value, right: Value, y: Value): Value;
  right(b: GraphBuilder, g: Value, left: Value, right: Value, y: Value): Value;
}

/** ONNX's arithmetic of two tensors of one type, broadcast by NumPy's rule. */
export function binary(
  name: string,
  version: number,
  body: (left: Expr, right: Expr) => Expr,
  gradient: BinaryGradient,
  accepts: "numbers" | "floats" = "numbers",
): Operator {
  return defineOperator({
    name: { domain: "", name, version },
    arity: [2, 2],
    infer(inputs) {
      const [left, right] = [nth(inputs, 0), nth(inputs, 1)];
      if (left.dtype !== right.dtype || left.dtype === "bool" || (accepts === "floats" && !isFloat(left.dtype))) {
        throw new CompileError(wrongDType(name, `two tensors of ${accepts} of one type`, left.dtype, right.dtype));
      }
      return [{ dtype: left.dtype, shape: broadcastShapes(name, left.shape, right.shape) }];
    },
    compute(inputs) {
      const shape = broadcastShapes(name, extentsOf(nth(inputs, 0)), extentsOf(nth(inputs, 1)));
      return [
        elementwise(name.toLowerCase(), shape, inputs, (...elements) => body(nth(elements, 0), nth(elements, 1))),
      ];
    },
    gradient(b, node, [g]) {
      if (g == null || !isFloat(g.dtype)) return [null, null];
      const [left, right, y] = [inputOf(node, 0), inputOf(node, 1), outputOf(node)];
      return [
        unbroadcast(b, gradient.left(b, g, left, right, y), shapeOf(left)),
        unbroadcast(b, gradient.right(b, g, left, right, y), shapeOf(right)),
      ];
    },
    reuse: [
      { output: 0, input: 0 },
      { output: 0, input: 1 },
    ],
  });
}

const same = (_b: GraphBuilder, g: Value): Value => g;

export const ADD = binary("Add", 14, te.add, { left: same, right: same });
export const SUB = binary("Sub", 14, te.sub, { left: same, right: (b, g) => neg(b, g) });
/** A product that a sum takes may be rounded with it, as in a sum of squares; what no sum takes is rounded as ever. */
function product(left: Expr, right: Expr): Expr {
  const made = te.mul(left, right);
  return made.kind === "Binary" && isFloat(made.dtype) ? { ...made, fast: made.fast | CONTRACT } : made;
}

export const MUL = binary("Mul", 14, product, {
  left: (b, g, _left, right) => mul(b, g, right),
  right: (b, g, left) => mul(b, g, left),
});
export const DIV = binary(
  "Div",
  14,
  te.div,
  {
    left: (b, g, _left, right) => div(b, g, right),
    right: (b, g, _left, right, y) => neg(b, div(b, mul(b, g, y), right)),
  },
  "floats",
);
export const NEG = defineOperator({
  name: { domain: "", name: "Neg", version: 13 },
  arity: [1, 1],
  infer(inputs) {
    const x = nth(inputs, 0);
    if (x.dtype === "bool") throw new CompileError(wrongDType("Neg", "a tensor of numbers", x.dtype));
    return [x];
  },
  compute: (inputs) => [elementwise("neg", extentsOf(first(inputs)), inputs, (x) => te.neg(x))],
  gradient: (b, _node, [g]) => [g == null ? null : neg(b, g)],
  reuse: [{ output: 0, input: 0 }],
});

/** Both operands as values: of two numbers, the type cannot be known. */
function operands(b: GraphBuilder, left: Factor, right: Factor): readonly Value[] {
  const dtype = typeof left === "object" ? left.dtype : typeof right === "object" ? right.dtype : "float32";
  return [left, right].map((operand) => (typeof operand === "number" ? b.scalar(operand, dtype) : operand));
}

/** left + right, broadcast. */
export function add(b: GraphBuilder, left: Factor, right: Factor, name?: string): Value {
  return applyOne(b, ADD, operands(b, left, right), {}, name);
}
/** left − right, broadcast. */
export function sub(b: GraphBuilder, left: Factor, right: Factor, name?: string): Value {
  return applyOne(b, SUB, operands(b, left, right), {}, name);
}
/** left · right elementwise, broadcast. */
export function mul(b: GraphBuilder, left: Factor, right: Factor, name?: string): Value {
  return applyOne(b, MUL, operands(b, left, right), {}, name);
}
/** left / right elementwise, broadcast. */
export function div(b: GraphBuilder, left: Factor, right: Factor, name?: string): Value {
  return applyOne(b, DIV, operands(b, left, right), {}, name);
}
/** −x. */
export function neg(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, NEG, [x], {}, name);
}
