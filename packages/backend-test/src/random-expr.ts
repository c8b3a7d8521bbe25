import {
  type BinaryOp,
  type Buffer,
  build,
  type DType,
  type Expr,
  isConst,
  isFloat,
  isInteger,
  type UnaryOp,
  type Var,
} from "@tilewright/ir";
import fc from "fast-check";
import { indexInside, type LoopRange, randomIndex } from "./random-index.js";
import { type Tape, tapeOf } from "./tape.js";

/** A data expression. For floats, `bound` limits its magnitude: they stay integers that their type holds exactly. */
export interface Data {
  readonly expr: Expr;
  readonly bound: number;
}

/** Where a buffer may be read: some dimensions are fixed to what tells iterations apart that run at once. */
export interface Readable {
  readonly buffer: Buffer;
  readonly extents: readonly number[];
  readonly fixed: ReadonlyMap<number, Expr>;
}

/** What an expression may use. */
export interface Sources {
  readonly loops: readonly LoopRange[];
  readonly buffers: readonly Readable[];
  readonly variables: readonly Var[];
}

/** Largest integer up to which floats of a type are exact; results beyond it are not generated. */
export function exactLimit(dtype: DType): number {
  return (
    { float16: 2 ** 10, bfloat16: 2 ** 7, float32: 2 ** 22, float64: 2 ** 48 }[dtype as "float32"] ??
    Number.POSITIVE_INFINITY
  );
}

/** Magnitude of what is stored in a float buffer: values are clamped to it. */
export const storedBound = (dtype: DType): number => (dtype === "bfloat16" ? 8 : dtype === "float16" ? 16 : 64);

const INTEGER_OPS: readonly BinaryOp[] = [
  ...(["add", "sub", "mul", "min", "max", "floordiv", "floormod", "truncdiv", "truncmod"] as const),
  ...(["bitand", "bitor", "bitxor", "shl", "shr"] as const),
];
const FLOAT_OPS: readonly BinaryOp[] = ["add", "sub", "mul", "min", "max"];
const COMPARISONS: readonly BinaryOp[] = ["lt", "le", "eq", "ne", "gt", "ge"];
const FLOAT_UNARY: readonly UnaryOp[] = ["neg", "abs", "floor", "round"];
const INTEGER_UNARY: readonly UnaryOp[] = ["neg", "abs", "bitnot"];

/** A load, at indices inside by construction. */
export function randomLoad(tape: Tape, sources: Sources, { buffer, extents, fixed }: Readable): Expr {
  const indices = extents.map((extent, d) => fixed.get(d) ?? indexInside(tape, sources.loops, extent));
  return build.load(buffer, indices);
}

function randomConst(tape: Tape, dtype: DType): Data {
  if (dtype === "bool") return { expr: build.const(tape.once(2), dtype), bound: 1 };
  const greatest = dtype === "int2" ? 1 : dtype === "uint2" ? 3 : 4;
  const value = tape.below(greatest + 1) * (dtype.startsWith("u") || !tape.once(3) ? 1 : -1);
  return { expr: build.const(value === 0 ? 0 : value, dtype), bound: Math.abs(value) };
}

function leaf(tape: Tape, dtype: DType, sources: Sources): Data {
  const buffers = sources.buffers.filter(({ buffer }) => buffer.dtype === dtype);
  const variables = sources.variables.filter((variable) => variable.dtype === dtype && variable.lanes === 1);
  const choice = tape.below(8);
  if (choice > 1 && buffers.length > 0) {
    return { expr: randomLoad(tape, sources, tape.pick(buffers)), bound: storedBound(dtype) };
  }
  if (choice > 0 && variables.length > 0) return { expr: tape.pick(variables), bound: storedBound(dtype) };
  if (choice === 1 && sources.loops.length > 0 && dtype !== "bool") {
    const index = build.binary("floormod", randomIndex(tape, sources.loops).expr, build.int(5));
    return { expr: build.cast(index, dtype), bound: 4 };
  }
  return randomConst(tape, dtype);
}

/** A random expression of a data type, in which every load is inside its buffer and floats are exact integers. */
export function randomData(tape: Tape, dtype: DType, sources: Sources, depth = 3): Data {
  if (depth === 0 || tape.ended) return leaf(tape, dtype, sources);
  const sub = (type = dtype): Data => randomData(tape, type, sources, depth - 1);
  switch (tape.below(7)) {
    case 1:
    case 2:
    case 3:
      return dtype === "bool" ? randomCondition(tape, sources, depth) : randomBinary(tape, dtype, sub(), sub());
    case 4: {
      const [condition, a, b] = [randomCondition(tape, sources, depth - 1).expr, sub(), sub()];
      const expr = tape.once(2) ? build.ifThenElse(condition, a.expr, b.expr) : build.select(condition, a.expr, b.expr);
      return { expr, bound: Math.max(a.bound, b.bound) };
    }
    case 5:
      return randomUnary(tape, dtype, sub());
    case 6:
      return randomCast(tape, dtype, sources, depth);
    default:
      return leaf(tape, dtype, sources);
  }
}

function randomUnary(tape: Tape, dtype: DType, operand: Data): Data {
  if (dtype === "bool") return { expr: build.unary("not", operand.expr), bound: 1 };
  const op = tape.pick(isFloat(dtype) ? FLOAT_UNARY : INTEGER_UNARY);
  return { expr: build.unary(op, operand.expr), bound: operand.bound };
}

function randomBinary(tape: Tape, dtype: DType, left: Data, right: Data): Data {
  const op = tape.pick(isInteger(dtype) ? INTEGER_OPS : FLOAT_OPS);
  if (!isFloat(dtype)) return { expr: build.binary(op, left.expr, right.expr), bound: 0 };
  const bound =
    op === "mul"
      ? left.bound * right.bound
      : op === "add" || op === "sub"
        ? left.bound + right.bound
        : Math.max(left.bound, right.bound);
  if (bound > exactLimit(dtype)) return left;
  return { expr: build.binary(op, left.expr, right.expr), bound };
}

function randomCast(tape: Tape, dtype: DType, sources: Sources, depth: number): Data {
  const types = [
    ...new Set([...sources.buffers.map(({ buffer }) => buffer.dtype), ...sources.variables.map((each) => each.dtype)]),
  ];
  const others = types.filter((type) => type !== dtype && type !== "index");
  if (others.length === 0 || dtype === "bool") return leaf(tape, dtype, sources);
  const operand = randomData(tape, tape.pick(others), sources, depth - 1);
  if (!isFloat(dtype)) return { expr: build.cast(operand.expr, dtype), bound: 0 };
  // An integer of any size would not be exact: a comparison is.
  if (operand.expr.dtype === "bool") return { expr: build.cast(operand.expr, dtype), bound: 1 };
  if (!isFloat(operand.expr.dtype) || operand.bound > exactLimit(dtype)) return leaf(tape, dtype, sources);
  return { expr: build.cast(operand.expr, dtype), bound: operand.bound };
}

/** A random truth value. */
export function randomCondition(tape: Tape, sources: Sources, depth: number): Data {
  const types = sources.buffers.map(({ buffer }) => buffer.dtype).filter((type) => type !== "bool");
  if (types.length === 0 || tape.below(3) === 0) {
    const [a, b] = [randomIndex(tape, sources.loops), randomIndex(tape, sources.loops, 1)];
    return { expr: build.binary(tape.pick(COMPARISONS), a.expr, b.expr), bound: 1 };
  }
  if (depth > 1 && tape.once(4)) {
    const [a, b] = [randomCondition(tape, sources, depth - 1), randomCondition(tape, sources, depth - 1)];
    return { expr: build.binary(tape.once(2) ? "or" : "and", a.expr, b.expr), bound: 1 };
  }
  const dtype = tape.pick(types);
  const [a, b] = [leaf(tape, dtype, sources), leaf(tape, dtype, sources)];
  return { expr: build.binary(tape.pick(COMPARISONS), a.expr, b.expr), bound: 1 };
}

/** The expression with its magnitude limited to what a float buffer holds. */
export function storable(dtype: DType, { expr, bound }: Data): Expr {
  const limit = storedBound(dtype);
  if (!isFloat(dtype) || bound <= limit || isConst(expr)) return expr;
  return build.binary("min", build.binary("max", expr, build.const(-limit, dtype)), build.const(limit, dtype));
}

/** Well-typed expressions of a type over scalar variables, `index` variables with values in 0 .. 8 among them. */
export function arbitraryExpr(dtype: DType, variables: readonly Var[], depth = 4): fc.Arbitrary<Expr> {
  const loops = variables.filter((each) => each.dtype === "index").map((expr) => ({ expr, least: 0, greatest: 7 }));
  const sources = { loops, buffers: [], variables: variables.filter((each) => each.dtype !== "index") };
  return fc.array(fc.nat(1023), { minLength: 2, maxLength: 80, size: "max" }).map((numbers) => {
    const tape = tapeOf(numbers);
    return dtype === "index" ? randomIndex(tape, loops, depth).expr : randomData(tape, dtype, sources, depth).expr;
  });
}
