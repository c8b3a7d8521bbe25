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
  top: [0.12837916709551256, -0.3250421072470015, -0.02848174957559851, -0.005770270296489442, -2.3763016656650163e-05],
  bottom: [
    1, 0.39791722395915535, 0.0650222499887673, 0.005081306281875766, 0.00013249473800432164, -3.960228278775368e-06,
  ],
}; // biome-ignore format: a table
const NEAR_ONE = {
  base: 0.8450629115104675,
  top: [
    -0.0023621185607526594, 0.41485611868374833, -0.3722078760357013, 0.31834661990116175, -0.11089469428239668,
    0.035478304325618236, -0.002166375594868791,
  ],
  bottom: [
    1, 0.10642088040084423, 0.540397917702171, 0.07182865441419627, 0.12617121980876164, 0.01363708391202905,
    0.011984499846799107,
  ],
}; // biome-ignore format: a table
const MIDDLE = {
  top: [
    -0.009864944034847148, -0.6938585727071818, -10.558626225323291, -62.375332450326006, -162.39666946257347,
    -184.60509290671104, -81.2874355063066, -9.814329344169145,
  ],
  bottom: [
    1, 19.651271667439257, 137.65775414351904, 434.56587747522923, 645.3872717332679, 429.00814002756783,
    108.63500554177944, 6.570249770319282, -0.0604244152148581,
  ],
}; // biome-ignore format: a table
const FAR = {
  top: [
    -0.0098649429247001, -0.799283237680523, -17.757954917754752, -160.63638485582192, -637.5664433683896,
    -1025.0951316110772, -483.5191916086514,
  ],
  bottom: [
    1, 30.33806074348246, 325.7925129965739, 1536.729586084437, 3199.8582195085955, 2553.0504064331644,
    474.52854120695537, -22.44095244658582,
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
