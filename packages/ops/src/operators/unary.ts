import { CompileError } from "@tilewright/diagnostics";
import { type Expr, isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator, type Operator } from "../operator.js";
import { applyOne, first, inputOf, nth, outputOf } from "../single.js";
import { div, mul, neg, sub } from "./arithmetic.js";

/** The gradient of the input, given the output's: `x` and `y` are input and output. */
type UnaryGradient = (b: GraphBuilder, outputGradient: Value, x: Value, y: Value) => Value;

/** ONNX's elementwise functions of one float tensor: the output has the input's shape. */
function unary(name: string, version: number, body: (x: Expr) => Expr, gradient: UnaryGradient): Operator {
  return defineOperator({
    name: { domain: "", name, version },
    arity: [1, 1],
    infer(inputs) {
      const x = nth(inputs, 0);
      if (!isFloat(x.dtype)) throw new CompileError(wrongDType(name, "a float", x.dtype));
      return [x];
    },
    compute: (inputs) => [elementwise(name.toLowerCase(), extentsOf(first(inputs)), inputs, body)],
    gradient: (b, node, [g]) => [g == null ? null : gradient(b, g, inputOf(node, 0), outputOf(node))],
    reuse: [{ output: 0, input: 0 }],
  });
}

const square = (b: GraphBuilder, x: Value): Value => mul(b, x, x);

export const EXP = unary("Exp", 13, te.exp, (b, g, _x, y) => mul(b, g, y));
export const LOG = unary("Log", 13, te.log, (b, g, x) => div(b, g, x));
export const SQRT = unary("Sqrt", 13, te.sqrt, (b, g, _x, y) => div(b, mul(b, g, 0.5), y));
export const TANH = unary("Tanh", 13, te.tanh, (b, g, _x, y) => mul(b, g, sub(b, 1, square(b, y))));
export const SIGMOID = unary("Sigmoid", 13, te.sigmoid, (b, g, _x, y) => mul(b, g, sub(b, y, square(b, y))));
/** d/dx erf(x) = 2/√π · exp(−x²). */
export const ERF = unary("Erf", 13, te.erf, (b, g, x) =>
  mul(b, mul(b, g, 2 / Math.sqrt(Math.PI)), exp(b, neg(b, square(b, x)))),
);
export const IDENTITY = defineOperator({
  name: { domain: "", name: "Identity", version: 16 },
  arity: [1, 1],
  infer: (inputs) => [nth(inputs, 0)],
  compute: (inputs) => [elementwise("identity", extentsOf(first(inputs)), inputs, (x) => x)],
  gradient: (_b, _node, [g]) => [g ?? null],
  view: true,
});

/** eˣ. */
export function exp(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, EXP, [x], {}, name);
}
/** The natural logarithm. */
export function log(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, LOG, [x], {}, name);
}
export function sqrt(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, SQRT, [x], {}, name);
}
export function tanh(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, TANH, [x], {}, name);
}
/** 1 / (1 + e⁻ˣ). */
export function sigmoid(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, SIGMOID, [x], {}, name);
}
/** The error function. */
export function erf(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, ERF, [x], {}, name);
}
/** The value itself, under another name. */
export function identity(b: GraphBuilder, x: Value, name?: string): Value {
  return applyOne(b, IDENTITY, [x], {}, name);
}
