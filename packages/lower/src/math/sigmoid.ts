// 1 / (1 + e^−x) as z / (1 + z) or 1 / (1 + z) with z = e^−|x|, which neither overflows nor cancels. Error: float32 < 3 ulp, float64 < 3 ulp.
import type { Expr } from "@tilewright/ir";
import type { Emitter } from "./emitter.js";
import { exp } from "./exp.js";

export function sigmoid(e: Emitter, x: Expr): Expr {
  const z = e.bind("z", exp(e, e.bind("a", e.negate(e.magnitude(x)))));
  return e.div(e.select(e.compare("lt", x, 0), z, 1), e.add(z, 1));
}
