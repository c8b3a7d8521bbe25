// tanh: odd; below 0.625 by x + x³·P(x²) (P a quotient in float64; coefficients of Cephes), above by 1 − 2 / (e^(2|x|) + 1). Error: float32
// < 2.5 ulp, float64 < 2.5 ulp. Keeps −0 and NaN; ±Infinity gives ±1.
import type { Expr } from "@tilewright/ir";
import { type Emitter, withSignOf } from "./emitter.js";
import { exp } from "./exp.js";

const TANH32 = [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3];
const TANH64 = {
  top: [-1614.6876844170845, -99.28772310019185, -0.9643991794250523],
  bottom: [4844.063053251255, 2235.4883906010045, 112.81167849163293, 1],
};

export function tanh(e: Emitter, x: Expr): Expr {
  const a = e.bind("a", e.magnitude(x));
  const z = e.bind("z", e.mul(a, a));
  const ratio =
    e.type === "float32" ? e.polynomial(z, TANH32) : e.div(e.polynomial(z, TANH64.top), e.polynomial(z, TANH64.bottom));
  const small = e.add(a, e.mul(a, e.mul(z, ratio)));
  const power = e.bind("power", exp(e, e.bind("twice", e.add(a, a))));
  const large = e.sub(1, e.div(2, e.add(power, 1)));
  return withSignOf(e, e.bind("magnitude", e.select(e.compare("lt", a, 0.625), small, large)), x);
}
