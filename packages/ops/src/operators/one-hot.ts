import { CompileError } from "@tilewright/diagnostics";
import { DTYPES, type Expr, isInteger, limitsOf, type Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { numberAttribute, stringAttribute } from "../attributes.js";
import type { GraphBuilder } from "../builder.js";
import { wrongAttribute, wrongDType } from "../errors.js";
import { extentsOf } from "../expressions.js";
import { defineOperator, type NodeAttributes, type TensorType } from "../operator.js";
import { applyOne, first, nth } from "../single.js";

function result({ shape }: TensorType, attributes: NodeAttributes): TensorType {
  const depth = numberAttribute(attributes, "depth");
  if (!Number.isSafeInteger(depth) || depth < 1) {
    throw new CompileError(wrongAttribute("depth", "a whole number ≥ 1", `${depth}`));
  }
  const name = stringAttribute(attributes, "to", "float32");
  const dtype = DTYPES.find((each) => each === name);
  if (dtype === undefined || dtype === "index" || dtype === "bool") {
    throw new CompileError(wrongAttribute("to", "a number type", name));
  }
  return { dtype, shape: [...shape, depth] };
}

/** A new last axis of length `depth`: 1 where its index equals the input, else 0. Integers outside give a row of zeros. */
export const ONE_HOT = defineOperator({
  name: { domain: "tilewright", name: "OneHot", version: 1 },
  arity: [1, 1],
  infer(inputs, attributes) {
    const x = nth(inputs, 0);
    if (!isInteger(x.dtype)) throw new CompileError(wrongDType("OneHot", "integers", x.dtype));
    return [result(x, attributes)];
  },
  compute(inputs, attributes) {
    const x = first(inputs);
    const { dtype, shape } = result({ dtype: x.dtype, shape: extentsOf(x) }, attributes);
    const depth = nth(shape, shape.length - 1);
    const max = Number(limitsOf(x.dtype).max.value);
    const body = (...index: Expr[]): Expr => {
      const position = nth(index, index.length - 1);
      // In the type of the data: an index has fewer bits than the widest integers.
      const equal = te.eq(te.read(x, ...index.slice(0, -1)), te.cast(position, x.dtype));
      const hit = max < depth - 1 ? te.and(te.le(position, te.cast(max, "index")), equal) : equal;
      return te.select(hit, te.cast(1, dtype), te.cast(0, dtype));
    };
    return [te.compute(shape, body, { name: "one_hot" })];
  },
  gradient: () => [null],
});

/** One-hot rows of length `depth` for integers. */
export function oneHot(b: GraphBuilder, x: Value, depth: number, name?: string): Value {
  return applyOne(b, ONE_HOT, [x], { depth }, name);
}
