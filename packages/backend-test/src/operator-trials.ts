import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluate } from "@tilewright/interp";
import {
  ARITHMETIC_OPS, buffer, build, bytesOf, COMPARE_OPS, type DType, type Expr, int, isFloat, type PrimFunc, UNARY_OPS, type UnaryOp, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Tolerance } from "./memory.js";
import { arrayOfValues, mathSamples, samplesOf } from "./samples.js";
import type { Trial } from "./trial.js";

const MATH = new Set<string>(["exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "pow"]);
const POSITIVE_ONLY = new Set<string>(["log", "pow"]);

/** How far a math function of a type may be off. */
export function mathTolerance(dtype: DType): Tolerance {
  const epsilon = { float16: 2 ** -10, bfloat16: 2 ** -7, float32: 2 ** -23 }[dtype as "float32"] ?? 2 ** -40;
  return { relative: 16 * epsilon, absolute: 4 * epsilon };
}

/** `out[i] = value(x[i], y[i])` */
export function mapFunction(
  name: string,
  dtype: DType,
  result: DType,
  count: number,
  value: (x: Expr, y: Expr) => Expr,
): PrimFunc {
  const [x, y] = [buffer("x", { dtype, shape: [count] }), buffer("y", { dtype, shape: [count] })];
  const out = buffer("out", { dtype: result, shape: [count] });
  const i = variable("i");
  const body = build.loop(i, int(0), int(count), build.store(out, [i], value(build.load(x, [i]), build.load(y, [i]))));
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "kernel",
    parameters: [x, y, out],
    mayAlias: [],
    body,
    attributes: {},
  };
}

/** True when the interpreter gives an expression over two values of a type a meaning. */
function isDefined(dtype: DType, value: (x: Expr, y: Expr) => Expr): boolean {
  const [x, y] = [variable("x", dtype), variable("y", dtype)];
  const one = dtype === "bool" ? true : bytesOf(dtype) === 8 && !isFloat(dtype) ? 1n : 1;
  try {
    evaluate(value(x, y), new Map([[x, one], [y, one]])); // biome-ignore format: a list
    return true;
  } catch (error) {
    if (isCompileError(error)) return false;
    throw error;
  }
}

function trial(name: string, dtype: DType, result: DType, op: string, value: (x: Expr, y: Expr) => Expr): Trial {
  const isMath = MATH.has(op);
  const samples = isMath ? mathSamples(POSITIVE_ONLY.has(op)) : samplesOf(dtype);
  const pairs = samples.flatMap((a) => samples.map((b) => [a, b] as const));
  const func = mapFunction(name, dtype, result, pairs.length, value);
  const x = arrayOfValues(
    dtype,
    pairs.map(([a]) => a),
  );
  const y = arrayOfValues(
    dtype,
    pairs.map(([, b]) => b),
  );
  const out = arrayOfValues(
    result,
    pairs.map(() => 0),
  );
  const memory = { x, y, out };
  return { func, memory, ...(isMath ? { tolerance: mathTolerance(dtype) } : {}) };
}

/** What a target holds, as far as operators ask. */
export interface OperatorOptions {
  /** Math functions that may be used. */
  readonly math: (op: UnaryOp | "pow") => boolean;
  /** Memory of bools: comparisons are stored as they are. */
  readonly bools: boolean;
}

/** Every operator that a type has, on all pairs of its samples. */
export function operatorTrials(dtype: DType, { math, bools }: OperatorOptions): Trial[] {
  const trials: Trial[] = [];
  for (const op of UNARY_OPS) {
    const value = (x: Expr): Expr => build.unary(op, x);
    if (isDefined(dtype, value) && (!MATH.has(op) || math(op)))
      trials.push(trial(`unary_${op}_${dtype}`, dtype, dtype, op, value));
  }
  for (const op of [...ARITHMETIC_OPS, ...COMPARE_OPS]) {
    const value = (x: Expr, y: Expr): Expr => build.binary(op, x, y);
    if (!isDefined(dtype, value) || (op === "pow" && !math("pow"))) continue;
    const compares = (COMPARE_OPS as readonly string[]).includes(op);
    const asNumber = (x: Expr, y: Expr): Expr =>
      build.select(value(x, y), build.const(1, dtype), build.const(0, dtype));
    trials.push(
      compares && bools
        ? trial(`binary_${op}_${dtype}`, dtype, "bool", op, value)
        : trial(`binary_${op}_${dtype}`, dtype, dtype, op, compares ? asNumber : value),
    );
  }
  return trials;
}

/** Conversions of a type to others. */
export function castTrials(from: DType, targets: readonly DType[]): Trial[] {
  return targets.map((to) => trial(`cast_${from}_${to}`, from, to, "cast", (x) => build.cast(x, to)));
}
