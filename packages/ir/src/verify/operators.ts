import { type DType, isFloat, isInteger } from "../dtype.js";
import type { BinaryOp, UnaryOp } from "../expr.js";
import type { AtomicOp } from "../stmt.js";

/** A family of element types, with the words for it. */
export interface Family {
  readonly words: string;
  readonly has: (dtype: DType) => boolean;
}

const ANY: Family = { words: "any type", has: () => true };
const BOOL: Family = { words: "bool", has: (dtype) => dtype === "bool" };
const FLOAT: Family = { words: "a float", has: isFloat };
const INTEGER: Family = { words: "an integer", has: isInteger };
const WHOLE: Family = { words: "an integer or index", has: (dtype) => isInteger(dtype) || dtype === "index" };
const NUMBER: Family = { words: "a number", has: (dtype) => dtype !== "bool" };

/** What operands each operator takes; the result has their type, or is bool for comparisons. */
export const UNARY_OPERANDS: { readonly [op in UnaryOp]: Family } = {
  neg: NUMBER,
  not: BOOL,
  bitnot: INTEGER,
  abs: NUMBER,
  floor: FLOAT,
  ceil: FLOAT,
  round: FLOAT,
  trunc: FLOAT,
  sqrt: FLOAT,
  exp: FLOAT,
  log: FLOAT,
  sin: FLOAT,
  cos: FLOAT,
  tanh: FLOAT,
  erf: FLOAT,
  sigmoid: FLOAT,
};

export const BINARY_OPERANDS: { readonly [op in BinaryOp]: Family } = {
  add: NUMBER,
  sub: NUMBER,
  mul: NUMBER,
  div: FLOAT,
  floordiv: WHOLE,
  floormod: WHOLE,
  truncdiv: WHOLE,
  truncmod: WHOLE,
  min: ANY,
  max: ANY,
  pow: FLOAT,
  and: BOOL,
  or: BOOL,
  bitand: INTEGER,
  bitor: INTEGER,
  bitxor: INTEGER,
  shl: INTEGER,
  shr: INTEGER,
  eq: ANY,
  ne: ANY,
  lt: ANY,
  le: ANY,
  gt: ANY,
  ge: ANY,
};

export const ATOMIC_OPERANDS: { readonly [op in AtomicOp]: Family } = {
  add: NUMBER,
  min: NUMBER,
  max: NUMBER,
  and: INTEGER,
  or: INTEGER,
  xor: INTEGER,
  exchange: ANY,
};

const COMPARISONS: ReadonlySet<string> = new Set(["eq", "ne", "lt", "le", "gt", "ge"]);

export function isComparison(op: BinaryOp): boolean {
  return COMPARISONS.has(op);
}

/** True when a constant's value is held as its type asks and lies in the type's range. */
export function fits(value: number | bigint | boolean, dtype: DType): boolean {
  if (dtype === "bool") return typeof value === "boolean";
  if (isFloat(dtype)) return typeof value === "number";
  if (dtype === "index") return Number.isSafeInteger(value);
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const signed = dtype.startsWith("int");
  const least = signed ? -(1n << (bits - 1n)) : 0n;
  const most = (1n << (signed ? bits - 1n : bits)) - 1n;
  if (bits === 64n) return typeof value === "bigint" && value >= least && value <= most;
  return typeof value === "number" && Number.isInteger(value) && value >= Number(least) && value <= Number(most);
}
