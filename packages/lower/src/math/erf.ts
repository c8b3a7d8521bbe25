// erf: odd. float32: x + x·P(x²) up to 0.9277, above it 1 − e^(P(|x|)) (coefficients after N. Juffa). float64: the four ranges of fdlibm.
// Error: float32 < 2.5 ulp, float64 < 2.5 ulp. Keeps −0 and NaN; ±Infinity gives ±1.
import type { Expr } from "@tilewright/ir";
import { type Emitter, withSignOf } from "./emitter.js";
import { exp } from "./exp.js";

const SMALL32 = [1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2, 4.99119423e-3, -5.96761703e-4];
const LARGE32 = [
  -1.28717512e-1, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2, -3.88396438e-3, 3.83197126e-4, -1.7285347e-5,
];

const NEAR_ZERO = {
  top: [1.28379167095512558561e-1, -3.25042107247001499370e-1, -2.84817495755985104766e-2, -5.77027029648944159157e-3, -2.37630166566501626084e-5],
  bottom: [
    1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3, 1.32494738004321644526e-4, -3.96022827877536812320e-6,
  ],
}; // biome-ignore format: a table
const NEAR_ONE = {
  base: 8.45062911510467529297e-1,
  top: [
    -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1, -1.10894694282396677476e-1,
    3.54783043256182359371e-2, -2.16637559486879084300e-3,
  ],
  bottom: [
    1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2, 1.26171219808761642112e-1, 1.36370839120290507362e-2,
    1.19844998467991074170e-2,
  ],
}; // biome-ignore format: a table
const MIDDLE = {
  top: [
    -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1, -1.62396669462573470355e2,
    -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592,
  ],
  bottom: [
    1, 1.96512716674392571292e1, 1.37657754143519042600e2, 4.34565877475229228821e2, 6.45387271733267880336e2, 4.29008140027567833386e2,
    1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2,
  ],
}; // biome-ignore format: a table
const FAR = {
  top: [
    -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2, -6.37566443368389627722e2,
    -1.02509513161107724954e3, -4.83519191608651397019e2,
  ],
  bottom: [
    1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3, 2.55305040643316442583e3,
    4.74528541206955367215e2, -2.24409524465858183362e1,
  ],
}; // biome-ignore format: a table

export function erf(e: Emitter, x: Expr): Expr {
  const a = e.bind("a", e.magnitude(x));
  const result = e.bind("magnitude", e.type === "float32" ? erf32(e, a) : erf64(e, a));
  return e.select(e.compare("eq", x, x), withSignOf(e, result, x), x);
}

function erf32(e: Emitter, a: Expr): Expr {
  const small = e.add(a, e.mul(a, e.polynomial(e.bind("z", e.mul(a, a)), SMALL32)));
  const t = e.bind("t", e.min(a, 4));
  const exponent = e.bind("exponent", e.sub(e.mul(e.polynomial(t, LARGE32), t), t));
  return e.select(e.compare("gt", a, 0.927734375), e.sub(1, exp(e, exponent)), small);
}

function erf64(e: Emitter, a: Expr): Expr {
  const ratio = (
    x: Expr,
    { top, bottom }: { readonly top: readonly number[]; readonly bottom: readonly number[] },
  ): Expr => e.div(e.polynomial(x, top), e.polynomial(x, bottom));
  const nearZero = e.add(a, e.mul(a, ratio(e.bind("z", e.mul(a, a)), NEAR_ZERO)));
  const nearOne = e.add(ratio(e.bind("s", e.sub(a, 1)), NEAR_ONE), NEAR_ONE.base);
  const t = e.bind("t", e.min(e.max(a, 1), 6));
  const square = e.bind("square", e.mul(t, t));
  const inverse = e.bind("inverse", e.div(1, square));
  const quotient = e.select(e.compare("lt", t, 1 / 0.35), ratio(inverse, MIDDLE), ratio(inverse, FAR));
  const exponent = e.bind("exponent", e.add(e.sub(-0.5625, square), quotient));
  const tail = e.sub(1, e.div(exp(e, exponent), t));
  return e.select(e.compare("lt", a, 0.84375), nearZero, e.select(e.compare("lt", a, 1.25), nearOne, tail));
}
