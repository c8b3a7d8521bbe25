import { CompileError } from "@tilewright/diagnostics";
import { DTYPES, type DType, isFloat, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { stringAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute } from "../errors.js";
import { elementwise, extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes } from "../operator.js";
import { applyOne, first, inputOf, nth } from "../single.js";

function targetType(attributes: NodeAttributes): DType {
  const name = stringAttribute(attributes, "to");
  const dtype = DTYPES.find((each) => each === name);
  if (dtype === undefined || dtype === "index") {
    throw new CompileError(wrongAttribute("to", DTYPES.filter((each) => each !== "index").join(", "), name));
  }
  return dtype;
}

/** Conversion of value, as the tensor IR converts. The attribute `to` is the name of the element type. */
export const CAST = defineOperator({
  name: { domain: "tilewright", name: "Cast", version: 1 },
  arity: [1, 1],
  infer: (inputs, attributes) => [{ dtype: targetType(attributes), shape: nth(inputs, 0).shape }],
  compute(inputs, attributes) {
    const dtype = targetType(attributes);
    return [elementwise("cast", extentsOf(first(inputs)), inputs, (x) => te.cast(x, dtype))];
  },
  gradient(b, node, [g]) {
    const { dtype } = inputOf(node, 0);
    return [g == null || !isFloat(dtype) || !isFloat(g.dtype) ? null : cast(b, g, dtype)];
  },
});

/** `x` with elements of `dtype`. */
export function cast(b: GraphBuilder, x: Value, dtype: DType, name?: string): Value {
  return x.dtype === dtype ? x : applyOne(b, CAST, [x], { to: dtype }, name);
}
