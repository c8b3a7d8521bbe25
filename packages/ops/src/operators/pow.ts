import type { Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import type { GraphBuilder } from "../builder.js";
import { applyOne } from "../single.js";
import { binary, type Factor, mul, sub } from "./arithmetic.js";
import { greater, where } from "./compare.js";
import { log } from "./unary.js";

/**
 * ONNX `Pow` of two floats of one type. The gradient of the exponent is taken as 0 where the base is not positive, since the logarithm is
 * not real there.
 */
export const POW = binary(
  "Pow",
  15,
  te.pow,
  {
    left: (b, g, base, exponent) => mul(b, mul(b, g, exponent), pow(b, base, sub(b, exponent, 1))),
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
