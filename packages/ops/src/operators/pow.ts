import type { Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { applyOne } from "../single.js";
import { binary, type Factor, mul, sub } from "./arithmetic.js";
import { equal, greater, where } from "./compare.js";
import { log } from "./unary.js";

/**
 * ONNX `Pow` of two floats of one type. Where the exponent is 0 the base has the gradient 0, also at a base of 0. The gradient of the exponent is taken as 0 where the base is not positive, since the logarithm is
 * not real there.
 */
export const POW = binary(
  "Pow",
  15,
  te.pow,
  {
    left(b, g, base, exponent) {
      const zero = b.scalar(0, base.dtype);
      const constant = equal(b, exponent, zero);
      // The exponent −1 of a base of 0 would give an infinity, and 0 · ∞ is NaN, in the gradient of this as well.
      const less = sub(b, where(b, constant, b.scalar(1, base.dtype), exponent), 1);
      return where(b, constant, zero, mul(b, mul(b, g, exponent), pow(b, base, less)));
    },
    right(b, g, base, _exponent, y) {
      const zero = b.scalar(0, base.dtype);
      const positive = greater(b, base, zero);
      const logarithm = log(b, where(b, positive, base, b.scalar(1, base.dtype)));
      return mul(b, g, mul(b, y, where(b, positive, logarithm, zero)));
    },
  },
  "floats",
);

/** baseᵉˣᵖᵒⁿᵉⁿᵗ elementwise, broadcast. */
export function pow(b: GraphBuilder, base: Value, exponent: Factor, name?: string): Value {
  const power = typeof exponent === "number" ? b.scalar(exponent, base.dtype) : exponent;
  return applyOne(b, POW, [base, power], {}, name);
}
