export { type ComputeOptions, compute } from "./compute.js";
export { type ExternOptions, extern } from "./extern.js";
export { type GradientOptions, gradient, jacobian } from "./gradient/gradient.js";
export {
  abs, add, and, bitand, bitnot, bitor, bitxor, cast, ceil, constant, cos, div, eq, erf, exp, floor, floordiv, floormod, ge, gt, ifThenElse, le,
  log, lt, maximum, minimum, mul, ne, neg, not, or, pow, round, select, shl, shr, sigmoid, sin, sqrt, sub, tanh, trunc, truncdiv, truncmod,
} from "./math.js"; // biome-ignore format: a list
export type { Operand } from "./operand.js";
export {
  commReducer, max, min, prod, type ReduceOptions, type Reducer, type Reduction, reduceAxis, sum, type TupleReduceOptions, type TupleReduction,
} from "./reduce.js"; // biome-ignore format: a list
export { type ScanOptions, scan } from "./scan.js";
export { type Extent, type PlaceholderOptions, placeholder, read } from "./tensor.js";
