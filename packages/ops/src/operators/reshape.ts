import { CompileError } from "@tilewright/diagnostics";
import { type Expr, int, type Tensor, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { integersAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator } from "../operator.js";
import { shapeOf, sizeOf } from "../shapes.js";
import { applyOne, first, inputOf, nth } from "../single.js";

/** The shape with 0 (the input's dimension) and one −1 (what is left) filled in. @throws CompileError `OP106`. */
function resolve(from: readonly number[], asked: readonly number[]): readonly number[] {
  const copied = asked.map((extent, axis) => (extent === 0 ? (from[axis] ?? 0) : extent));
  const known = copied.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const shape = copied.map((extent) => (extent === -1 ? (known === 0 ? 0 : sizeOf(from) / known) : extent));
  const fits =
    asked.filter((extent) => extent === -1).length <= 1 &&
    shape.every((extent) => extent >= 0 && Number.isInteger(extent));
  if (!fits || sizeOf(shape) !== sizeOf(from)) {
    throw new CompileError(wrongAttribute("shape", `a shape of ${sizeOf(from)} elements`, `[${asked.join(", ")}]`));
  }
  return shape;
}

/** `index` of a row-major tensor of `to` as an index into the same elements seen as `from`. */
function reindex(index: readonly Expr[], to: readonly number[], from: readonly number[]): readonly Expr[] {
  let flat: Expr = int(0);
  index.forEach((part, axis) => {
    flat = te.add(te.mul(flat, to[axis] ?? 1), part);
  });
  let below = 1;
  const parts = [...from].reverse().map((extent, position) => {
    const shifted = te.floordiv(flat, below);
    below *= extent;
    return position === from.length - 1 ? shifted : te.floormod(shifted, Math.max(1, extent));
  });
  return parts.reverse();
}

/** The same elements in row-major order under another shape: ONNX `Reshape` in its attribute form. */
export const RESHAPE = defineOperator({
  name: { domain: "", name: "Reshape", version: 1 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const { dtype, shape } = nth(inputs, 0);
    return [{ dtype, shape: resolve(shape, integersAttribute(attributes, "shape")) }];
  },
  compute(inputs, attributes) {
    const x: Tensor = first(inputs);
    const from = extentsOf(x);
    const to = resolve(from, integersAttribute(attributes, "shape"));
    const body = (...index: Expr[]): Expr =>
      te.read(x, ...(sizeOf(from) === 0 ? from.map(() => 0) : reindex(index, to, from)));
    return [te.compute(to, body, { name: "reshape" })];
  },
  gradient: (b, node, [g]) => [g == null ? null : reshape(b, g, shapeOf(inputOf(node, 0)))],
  view: true,
});

/** `x` with another shape; one dimension may be −1. @throws CompileError `OP106` when the sizes differ. */
export function reshape(b: GraphBuilder, x: Value, shape: readonly number[], name?: string): Value {
  return applyOne(b, RESHAPE, [x], { shape }, name);
}
