import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluate } from "@tilewright/interp";
import {
  ARITHMETIC_OPS, buffer, build, bytesOf, COMPARE_OPS, type DType, type Expr, int, isFloat, type PrimFunc, UNARY_OPS, type UnaryOp, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import type { Tolerance } from "./memory.js";
import { arrayOfValues, mathSamples, samplesOf } from "./samples.js";
import { boundaryType } from "./subject.js";
import type { Trial } from "./trial.js";

const MATH = new Set<string>(["exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "pow"]);
const POSITIVE_ONLY = new Set<string>(["log", "pow"]);

/** How far a math function of a type may be off. */
export function mathTolerance(dtype: DType): Tolerance {
  const epsilon = { float16: 2 ** -10, bfloat16: 2 ** -7, float32: 2 ** -23 }[dtype as "float32"] ?? 2 ** -40;
  return { relative: 16 * epsilon, absolute: 4 * epsilon };
}

/** `out[i] = value(x[i], y[i])`, so many lanes at a time: they divide `count`. */
export function mapFunction(
  name: string,
  dtype: DType,
  result: DType,
  count: number,
  value: (x: Expr, y: Expr) => Expr,
  lanes = 1,
): PrimFunc {
  const made = (each: string, type: DType) => buffer(each, { dtype: boundaryType(type), shape: [count] });
  const [x, y, out] = [made("x", dtype), made("y", dtype), made("out", result)];
  const i = variable("i");
  const at = lanes === 1 ? [i] : [build.ramp(build.mul(i, int(lanes)), int(1), lanes)];
  const load = (from: typeof x): Expr => build.cast(build.load(from, at), dtype);
  const store = build.store(out, at, build.cast(value(load(x), load(y)), boundaryType(result)));
  return {
    kind: "PrimFunc",
    span: NO_SPAN,
    name,
    role: "kernel",
    parameters: [x, y, out],
    mayAlias: [],
    body: build.loop(i, int(0), int(count / lanes), store),
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

interface TrialOptions {
  readonly name: string;
  readonly dtype: DType;
  readonly result: DType;
  readonly op: string;
  readonly lanes: number;
  value(x: Expr, y: Expr): Expr;
}

function trial({ name, dtype, result, op, lanes, value }: TrialOptions): Trial {
  const isMath = MATH.has(op);
  const samples = isMath ? mathSamples(POSITIVE_ONLY.has(op)) : samplesOf(dtype);
  const pairs = samples.flatMap((a) => samples.map((b) => [a, b] as const));
  while (pairs.length % lanes !== 0) pairs.push(...pairs.slice(0, lanes - (pairs.length % lanes)));
  const func = mapFunction(name, dtype, result, pairs.length, value, lanes);
  const x = arrayOfValues(
    boundaryType(dtype),
    pairs.map(([a]) => a),
  );
  const y = arrayOfValues(
    boundaryType(dtype),
    pairs.map(([, b]) => b),
  );
  const out = arrayOfValues(
    boundaryType(result),
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
  /** 1 unless told. */
  readonly lanes?: number;
}

/** Every operator that a type has, on all pairs of its samples. */
export function operatorTrials(dtype: DType, { math, bools, lanes = 1 }: OperatorOptions): Trial[] {
  const trials: Trial[] = [];
  const add = (name: string, op: string, result: DType, value: (x: Expr, y: Expr) => Expr): void =>
    void trials.push(trial({ name: `${name}_${dtype}${suffixOf(lanes)}`, dtype, result, op, lanes, value }));
  for (const op of UNARY_OPS) {
    const value = (x: Expr): Expr => build.unary(op, x);
    if (isDefined(dtype, value) && (!MATH.has(op) || math(op))) add(`unary_${op}`, op, dtype, value);
  }
  const [one, zero] = [1, 0].map((each) => build.broadcast(build.const(each, dtype), lanes)) as [Expr, Expr];
  for (const op of [...ARITHMETIC_OPS, ...COMPARE_OPS]) {
    const value = (x: Expr, y: Expr): Expr => build.binary(op, x, y);
    if (!isDefined(dtype, value) || (op === "pow" && !math("pow"))) continue;
    const compares = (COMPARE_OPS as readonly string[]).includes(op);
    const asNumber = (x: Expr, y: Expr): Expr => build.select(value(x, y), one, zero);
    add(`binary_${op}`, op, compares && bools ? "bool" : dtype, compares && !bools ? asNumber : value);
  }
  return trials;
}

const suffixOf = (lanes: number): string => (lanes === 1 ? "" : `_x${lanes}`);

/** Conversions of a type to others. */
export function castTrials(from: DType, targets: readonly DType[], lanes = 1): Trial[] {
  return targets.map((to) =>
    trial({
      name: `cast_${from}_${to}${suffixOf(lanes)}`,
      dtype: from,
      result: to,
      op: "cast",
      lanes,
      value: (x) => build.cast(x, to),
    }),
  );
}
