export {
  type AffineMap,
  affineMap,
  type DigitSum,
  expressionsOf,
  type MapDigit,
  type MapInput,
  outputExtents,
} from "./affine-map.js";
export { boundsOf, type Ranges, rangeOf } from "./bounds.js";
export { type EquationSolution, solveEquations } from "./equations.js";
export { ceilDivide, floorDivide, floorModulo, gcd, lcm } from "./integers.js";
export { isCommutative } from "./intern.js";
export type { Interval } from "./interval.js";
export { inverseOf, isBijective, isInjective } from "./inverse-map.js";
export { type LinearForm, linearForm, usesAny } from "./linear-form.js";
export { type Modulus, modulusOf } from "./modulus.js";
export { roundHalfEven, roundTo } from "./round.js";
export { type Context, canProve, entails, Simplifier, simplify } from "./simplify.js";
export { type Solution, solveFor } from "./solve.js";
export { simplifyStatement } from "./statement.js";
export { type Domain, extentOf, intervalOf, type SymbolicInterval, unionOf, upperBoundOf } from "./symbolic.js";
