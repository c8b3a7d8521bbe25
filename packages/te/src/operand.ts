import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  bitsOf,
  type Const,
  constant,
  type DType,
  type Expr,
  type IterVar,
  isFloat,
  isSigned,
  type Tensor,
} from "@tilewright/ir";
import * as errors from "./errors.js";

/**
 * What the builders take for a value: an expression, an axis, a tensor of rank 0, or a number, which takes the type of the operand
 * beside it.
 */
export type Operand = Expr | IterVar | Tensor | number | bigint | boolean;

/** True for a bare number, which has no type of its own. */
export function isBare(operand: Operand): operand is number | bigint | boolean {
  return typeof operand === "number" || typeof operand === "bigint" || typeof operand === "boolean";
}

const NOT_EXPRESSIONS: ReadonlySet<string> = new Set(["Buffer", "Placeholder", "Compute", "Scan", "Extern"]);

/** A typed operand as an expression. @throws CompileError `TE105` a tensor without indices · `TE107` not an operand at all. */
export function toExpr(operand: Exclude<Operand, number | bigint | boolean>, span: Span): Expr {
  const kind: unknown = typeof operand === "object" && operand !== null ? operand.kind : undefined;
  if (typeof kind !== "string" || NOT_EXPRESSIONS.has(kind)) throw new CompileError(errors.notAnOperand(operand, span));
  if (operand.kind === "IterVar") return operand.variable;
  if (operand.kind !== "Tensor") return operand;
  if (operand.shape.length > 0) throw new CompileError(errors.tensorWithoutIndices(operand, span));
  return { kind: "Read", span, dtype: operand.dtype, lanes: 1, tensor: operand, indices: [] };
}

/** An operand as an expression of `dtype`, where a bare number is concerned. */
export function coerce(operand: Operand, dtype: DType, span: Span): Expr {
  return isBare(operand) ? literal(operand, dtype, span) : toExpr(operand, span);
}

/**
 * A number as a constant of `dtype`; floats are rounded to the type.
 * @throws CompileError `TE103` when the type does not hold the number.
 */
export function literal(value: number | bigint | boolean, dtype: DType, span: Span): Const {
  if (!holds(dtype, value)) throw new CompileError(errors.notRepresentable(value, dtype, span));
  return constant(dtype === "float32" ? Math.fround(Number(value)) : value, dtype, span);
}

function holds(dtype: DType, value: number | bigint | boolean): boolean {
  if (typeof value === "boolean") return dtype === "bool";
  if (dtype === "bool") return false;
  if (isFloat(dtype)) return typeof value === "number" || Number.isFinite(Number(value));
  if (typeof value === "number" && !Number.isInteger(value)) return false;
  if (dtype === "index") return Number.isSafeInteger(Number(value));
  const bits = BigInt(bitsOf(dtype));
  const exact = BigInt(value);
  const low = isSigned(dtype) ? -(1n << (bits - 1n)) : 0n;
  const high = (1n << (isSigned(dtype) ? bits - 1n : bits)) - 1n;
  return low <= exact && exact <= high;
}
