import {
  type BinaryOp,
  bitsOf,
  COMPARE_OPS,
  type DType,
  isFloat,
  isSigned,
  isWide,
  type UnaryOp,
} from "@tilewright/ir";
import { roundHalfEven, roundTo } from "./round.js";

export type Value = number | bigint | boolean;
const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);

/** An integer wrapped to its type, in the form that its constants hold. */
export function wrapTo(value: bigint, dtype: DType): number | bigint {
  const bits = bitsOf(dtype);
  const wrapped = isSigned(dtype) ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  return isWide(dtype) ? wrapped : Number(wrapped);
}

/** The value of `op` on two constants of type `dtype`; `undefined` where it is not defined alike on every target, or not exact. */
export function foldBinary(op: BinaryOp, a: Value, b: Value, dtype: DType): Value | undefined {
  if (COMPARISONS.has(op)) return compare(op, a, b);
  if (typeof a === "boolean" || typeof b === "boolean") return foldBoolean(op, Boolean(a), Boolean(b));
  if (isFloat(dtype)) return foldFloat(op, Number(a), Number(b), dtype);
  const result = foldInteger(op, BigInt(a), BigInt(b), dtype);
  if (result === undefined) return undefined;
  if (dtype !== "index") return wrapTo(result, dtype);
  return Number.isSafeInteger(Number(result)) ? Number(result) : undefined;
}

function compare(op: BinaryOp, a: Value, b: Value): boolean | undefined {
  switch (op) {
    case "eq":
      return a === b;
    case "ne":
      return a !== b;
    case "lt":
      return a < b;
    case "le":
      return a <= b;
    case "gt":
      return a > b;
    case "ge":
      return a >= b;
    default:
      return undefined;
  }
}

function foldBoolean(op: BinaryOp, a: boolean, b: boolean): boolean | undefined {
  if (op === "and") return a && b;
  return op === "or" ? a || b : undefined;
}

function foldFloat(op: BinaryOp, a: number, b: number, dtype: DType): number | undefined {
  if (op === "min") return b < a ? b : a;
  if (op === "max") return a < b ? b : a;
  const exact = (): number | undefined => {
    if (op === "add") return a + b;
    if (op === "sub") return a - b;
    if (op === "mul") return a * b;
    return op === "div" ? a / b : undefined;
  };
  const result = exact();
  return result === undefined || Number.isNaN(result) ? undefined : roundTo(result, dtype);
}

function foldInteger(op: BinaryOp, a: bigint, b: bigint, dtype: DType): bigint | undefined {
  switch (op) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "min":
      return a < b ? a : b;
    case "max":
      return a > b ? a : b;
    case "bitand":
      return a & b;
    case "bitor":
      return a | b;
    case "bitxor":
      return a ^ b;
    case "shl":
      return a << amount(b, dtype);
    case "shr":
      return a >> amount(b, dtype);
    default:
      return foldDivision(op, a, b);
  }
}

/** Shift amounts count modulo the width. */
const amount = (b: bigint, dtype: DType): bigint => BigInt.asUintN(Math.log2(bitsOf(dtype)), b);

function foldDivision(op: BinaryOp, a: bigint, b: bigint): bigint | undefined {
  if (b === 0n) return /div|mod/.test(op) ? 0n : undefined;
  const remainder = a % b;
  const adjusts = remainder !== 0n && remainder < 0n !== b < 0n;
  switch (op) {
    case "truncdiv":
      return a / b;
    case "truncmod":
      return remainder;
    case "floordiv":
      return adjusts ? a / b - 1n : a / b;
    case "floormod":
      return adjusts ? remainder + b : remainder;
    default:
      return undefined;
  }
}

/** The value of `op` on a constant; `undefined` for functions that targets approximate. */
export function foldUnary(op: UnaryOp, a: Value, dtype: DType): Value | undefined {
  if (typeof a === "boolean") return op === "not" ? !a : undefined;
  if (isFloat(dtype)) return foldFloatUnary(op, Number(a), dtype);
  const exact = BigInt(a);
  const wrap = (value: bigint): Value => (dtype === "index" ? Number(value) : wrapTo(value, dtype));
  if (op === "neg") return wrap(-exact);
  if (op === "bitnot" && dtype !== "index") return wrap(~exact);
  return op === "abs" ? wrap(exact < 0n ? -exact : exact) : undefined;
}

function foldFloatUnary(op: UnaryOp, a: number, dtype: DType): number | undefined {
  if (Number.isNaN(a)) return undefined;
  switch (op) {
    case "neg":
      return -a;
    case "abs":
      return Math.abs(a);
    case "floor":
      return Math.floor(a);
    case "ceil":
      return Math.ceil(a);
    case "trunc":
      return Math.trunc(a);
    case "round":
      return roundHalfEven(a);
    case "sqrt":
      return a < 0 ? undefined : roundTo(Math.sqrt(a), dtype);
    default:
      return undefined;
  }
}

/** A constant converted; `undefined` where the conversion is left to the target. */
export function foldCast(a: Value, from: DType, to: DType): Value | undefined {
  if (from === to) return a;
  if (to === "bool" || typeof a === "boolean") return undefined;
  if (isFloat(to)) {
    if (typeof a === "bigint" && !Number.isSafeInteger(Number(a))) return undefined;
    return roundTo(Number(a), to);
  }
  if (isFloat(from)) return undefined;
  if (to === "index") return Number.isSafeInteger(Number(a)) ? Number(a) : undefined;
  return wrapTo(BigInt(a), to);
}
