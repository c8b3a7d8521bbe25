import { CompileError } from "@tilewright/diagnostics";
import { type Expr, limitsOf, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { flagAttribute, numberAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongDType } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator } from "../operator.js";
import { checkNotEmpty, normalizeAxis } from "../shapes.js";
import { applyOne, first, nth } from "../single.js";

/** Folds (value, position): the greater value wins, of equal ones the first position. */
const argMaxReducer = te.commReducer({
  name: "argmax",
  identities: (dtype) => [limitsOf(dtype ?? "float32").min, limitsOf("int32").max],
  combine([a, at], [c, ct]) {
    if (a === undefined || at === undefined || c === undefined || ct === undefined) return [];
    const left = te.or(te.gt(a, c), te.and(te.eq(a, c), te.lt(at, ct)));
    return [te.select(left, a, c), te.select(left, at, ct)];
  },
});

/** The position of the greatest element along `axis`, the first of equal ones, as int32 (ONNX gives int64). */
export const ARG_MAX = defineOperator({
  name: { domain: "tilewright", name: "ArgMax", version: 1 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const { dtype, shape } = nth(inputs, 0);
    if (dtype === "bool") throw new CompileError(wrongDType("ArgMax", "numbers", dtype));
    const axis = normalizeAxis(numberAttribute(attributes, "axis", -1), shape.length);
    checkNotEmpty("ArgMax", shape, [axis]);
    const kept = shape.map((extent, each) => (each === axis ? 1 : extent));
    const keepdims = flagAttribute(attributes, "keepdims", true);
    return [{ dtype: "int32", shape: keepdims ? kept : kept.filter((_, each) => each !== axis) }];
  },
  compute(inputs, attributes) {
    const x = first(inputs);
    const extents = extentsOf(x);
    const axis = normalizeAxis(numberAttribute(attributes, "axis", -1), extents.length);
    const keepdims = flagAttribute(attributes, "keepdims", true);
    const k = te.reduceAxis(extents[axis] ?? 1, "k");
    const body = (...index: Expr[]): readonly Expr[] => {
      const others = keepdims ? index.filter((_, each) => each !== axis) : index;
      const at = [...others.slice(0, axis), k.variable, ...others.slice(axis)];
      return argMaxReducer([te.read(x, ...at), te.cast(k.variable, "int32")], k);
    };
    const kept = extents.map((extent, each) => (each === axis ? 1 : extent));
    const shape = keepdims ? kept : kept.filter((_, each) => each !== axis);
    const both = te.compute(shape, body, { name: "argmax" });
    const position = nth(both, 1);
    return [te.compute(shape, (...index) => te.read(position, ...index), { name: "position" })];
  },
  gradient: () => [null],
});

/** The position of the greatest element along `axis` (the last), as int32. */
export function argMax(
  b: GraphBuilder,
  x: Value,
  options: { readonly axis?: number; readonly keepdims?: boolean } = {},
  name?: string,
): Value {
  return applyOne(b, ARG_MAX, [x], { ...options }, name);
}
