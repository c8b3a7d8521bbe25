import { CompileError } from "@tilewright/diagnostics";
import type { Expr, Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { integersAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes } from "../operator.js";
import { applyOne, first, inputOf, nth } from "../single.js";

/** The permutation: axes reversed unless told. @throws CompileError `OP106` when it is none. */
export function permutation(attributes: NodeAttributes, rank: number): readonly number[] {
  const reversed = Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  const perm = integersAttribute(attributes, "perm", reversed);
  const sorted = [...perm].sort((a, b) => a - b);
  if (perm.length !== rank || sorted.some((axis, position) => axis !== position)) {
    throw new CompileError(wrongAttribute("perm", `each of 0 .. ${rank - 1} once`, `[${perm.join(", ")}]`));
  }
  return perm;
}

/** ONNX `Transpose`: axis `k` of the output is axis `perm[k]` of the input. */
export const TRANSPOSE = defineOperator({
  name: { domain: "", name: "Transpose", version: 13 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const { dtype, shape } = nth(inputs, 0);
    return [{ dtype, shape: permutation(attributes, shape.length).map((axis) => shape[axis] ?? 1) }];
  },
  compute(inputs, attributes) {
    const x = first(inputs);
    const extents = extentsOf(x);
    const perm = permutation(attributes, extents.length);
    const body = (...index: Expr[]): Expr => te.read(x, ...extents.map((_, axis) => index[perm.indexOf(axis)] ?? 0));
    return [
      te.compute(
        perm.map((axis) => extents[axis] ?? 1),
        body,
        { name: "transpose" },
      ),
    ];
  },
  gradient(b, node, [g]) {
    const perm = permutation(node.attributes, inputOf(node, 0).shape.length);
    return [
      g == null
        ? null
        : transpose(
            b,
            g,
            perm.map((_, axis) => perm.indexOf(axis)),
          ),
    ];
  },
});

/** `x` with its axes permuted, reversed unless told. */
export function transpose(b: GraphBuilder, x: Value, perm?: readonly number[], name?: string): Value {
  return applyOne(b, TRANSPOSE, [x], perm === undefined ? {} : { perm }, name);
}
