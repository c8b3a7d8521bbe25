import { CompileError, NO_SPAN, type Span } from "@tilewright/diagnostics";
import type { Buffer, BufferRegion, Scope } from "./buffer.js";
import { type DType, isFloat, isWide } from "./dtype.js";
import { mismatchedOperands } from "./errors.js";
import type { BinaryOp, Const, Expr, FastMath, Load, Ramp, UnaryOp, Var } from "./expr.js";
import { COMPARE_OPS } from "./expr.js";
import type { For, If, LoopKind, Seq, Stmt, Store } from "./stmt.js";

const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);

/** A constant of `dtype`; a number becomes a bigint where the type needs it. */
export function constant(value: number | bigint | boolean, dtype: DType, span: Span = NO_SPAN): Const {
  const held = dtype === "bool" ? Boolean(value) : isWide(dtype) ? BigInt(value) : Number(value);
  return { kind: "Const", span, dtype, lanes: 1, value: held };
}

/** An `index` constant. */
export function int(value: number, span: Span = NO_SPAN): Const {
  return { kind: "Const", span, dtype: "index", lanes: 1, value };
}

/** A new variable; each call makes another identity. */
export function variable(name: string, dtype: DType = "index", lanes = 1, span: Span = NO_SPAN): Var {
  return { kind: "Var", span, dtype, lanes, name };
}

export interface BufferOptions {
  readonly dtype: DType;
  readonly shape: readonly (Expr | number)[];
  readonly strides?: readonly (Expr | number)[] | null;
  readonly scope?: Scope;
  readonly alignment?: number;
}

/** A new buffer; each call makes another identity. Dense and row-major, in global memory, aligned to 16 bytes unless told. */
export function buffer(name: string, options: BufferOptions, span: Span = NO_SPAN): Buffer {
  const { dtype, shape, strides = null, scope = "global", alignment = 16 } = options;
  const exprs = (list: readonly (Expr | number)[]): readonly Expr[] =>
    list.map((e) => (typeof e === "number" ? int(e) : e));
  return {
    kind: "Buffer",
    span,
    name,
    dtype,
    shape: exprs(shape),
    strides: strides === null ? null : exprs(strides),
    scope,
    alignment,
  };
}

/** True for the scalar constant `value` of any number type. */
export function isConst(expr: Expr, value?: number): expr is Const {
  return expr.kind === "Const" && (value === undefined || Number(expr.value) === value);
}

/** The builders for one place of the user's program. One object without closures: the rewriter asks for one at every node. */
export function at(span: Span): Builder {
  return new Builder(span);
}

/**
 * Builders that stamp `span` on what they make. They check types (`IR101`), fold nothing and simplify nothing.
 * A rule of the rewriter is handed the builder of the node it replaces.
 */
export class Builder {
  readonly span: Span;

  constructor(span: Span) {
    this.span = span;
  }

  const(value: number | bigint | boolean, dtype: DType): Const {
    return constant(value, dtype, this.span);
  }

  int(value: number): Const {
    return int(value, this.span);
  }

  unary(op: UnaryOp, operand: Expr, fast: FastMath = 0): Expr {
    return { kind: "Unary", span: this.span, dtype: operand.dtype, lanes: operand.lanes, op, operand, fast };
  }

  binary(op: BinaryOp, left: Expr, right: Expr, fast: FastMath = 0): Expr {
    if (left.dtype !== right.dtype || left.lanes !== right.lanes)
      throw new CompileError(mismatchedOperands(op, left, right, this.span));
    const dtype = COMPARISONS.has(op) ? "bool" : left.dtype;
    return { kind: "Binary", span: this.span, dtype, lanes: left.lanes, op, left, right, fast };
  }

  add(left: Expr, right: Expr): Expr {
    return this.binary("add", left, right);
  }

  sub(left: Expr, right: Expr): Expr {
    return this.binary("sub", left, right);
  }

  mul(left: Expr, right: Expr): Expr {
    return this.binary("mul", left, right);
  }

  select(condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr {
    return this.#choice("Select", condition, whenTrue, whenFalse);
  }

  ifThenElse(condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr {
    return this.#choice("IfThenElse", condition, whenTrue, whenFalse);
  }

  #choice(kind: "Select" | "IfThenElse", condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr {
    if (whenTrue.dtype !== whenFalse.dtype || whenTrue.lanes !== whenFalse.lanes)
      throw new CompileError(mismatchedOperands(kind, whenTrue, whenFalse, this.span));
    return { kind, span: this.span, dtype: whenTrue.dtype, lanes: whenTrue.lanes, condition, whenTrue, whenFalse };
  }

  cast(operand: Expr, dtype: DType): Expr {
    return operand.dtype === dtype ? operand : { kind: "Cast", span: this.span, dtype, lanes: operand.lanes, operand };
  }

  reinterpret(operand: Expr, dtype: DType): Expr {
    return { kind: "Reinterpret", span: this.span, dtype, lanes: operand.lanes, operand };
  }

  load(from: Buffer, indices: readonly Expr[], predicate: Expr | null = null): Load {
    const lanes = indices.reduce((most, index) => Math.max(most, index.lanes), 1);
    return { kind: "Load", span: this.span, dtype: from.dtype, lanes, buffer: from, indices, predicate };
  }

  ramp(base: Expr, stride: Expr, lanes: number): Ramp {
    return { kind: "Ramp", span: this.span, dtype: base.dtype, lanes, base, stride };
  }

  broadcast(operand: Expr, lanes: number): Expr {
    return lanes === 1 ? operand : { kind: "Broadcast", span: this.span, dtype: operand.dtype, lanes, operand };
  }

  shuffle(vectors: readonly Expr[], picks: readonly number[]): Expr {
    return {
      kind: "Shuffle",
      span: this.span,
      dtype: vectors[0]?.dtype ?? "index",
      lanes: picks.length,
      vectors,
      picks,
    };
  }

  call(intrinsic: string, args: readonly Expr[], dtype: DType, lanes = 1): Expr {
    return { kind: "Call", span: this.span, dtype, lanes, intrinsic, args };
  }

  store(into: Buffer, indices: readonly Expr[], value: Expr, predicate: Expr | null = null): Store {
    return { kind: "Store", span: this.span, buffer: into, indices, value, predicate };
  }

  loop(loopVar: Var, min: Expr, extent: Expr, body: Stmt, loopKind: LoopKind = "serial"): For {
    return { kind: "For", span: this.span, loopVar, min, extent, loopKind, thread: null, body };
  }

  when(condition: Expr, then: Stmt, role: If["role"] = "branch", otherwise: Stmt | null = null): If {
    return { kind: "If", span: this.span, condition, then, otherwise, role };
  }

  let(bound: Var, value: Expr, body: Stmt): Stmt {
    return { kind: "Let", span: this.span, variable: bound, value, body };
  }

  register(bound: Var, initial: Expr, body: Stmt): Stmt {
    return { kind: "Register", span: this.span, variable: bound, initial, body };
  }

  assign(bound: Var, value: Expr): Stmt {
    return { kind: "Assign", span: this.span, variable: bound, value };
  }

  allocate(made: Buffer, body: Stmt): Stmt {
    return { kind: "Allocate", span: this.span, buffer: made, body };
  }

  seq(...stmts: readonly Stmt[]): Stmt {
    return sequence(stmts, this.span);
  }

  region(of: Buffer, mins: readonly Expr[], extents: readonly Expr[]): BufferRegion {
    return { kind: "BufferRegion", span: this.span, buffer: of, mins, extents };
  }
}

/** Statements in order, nested sequences flattened; one statement stays itself. */
export function sequence(stmts: readonly Stmt[], span: Span = NO_SPAN): Stmt {
  const flat = stmts.flatMap((stmt) => (stmt.kind === "Seq" ? stmt.stmts : [stmt]));
  return flat.length === 1 && flat[0] !== undefined ? flat[0] : ({ kind: "Seq", span, stmts: flat } satisfies Seq);
}

/** Zero of a type, in every lane. */
export function zero(dtype: DType, lanes = 1, span: Span = NO_SPAN): Expr {
  return at(span).broadcast(constant(dtype === "bool" ? false : 0, dtype, span), lanes);
}

/** The builders of generated nodes. */
export const build: Builder = at(NO_SPAN);

/** The type of an expression as text: `float32`, `float32x4`. */
export function typeName(expr: { readonly dtype: DType; readonly lanes: number }): string {
  return expr.lanes === 1 ? expr.dtype : `${expr.dtype}x${expr.lanes}`;
}

/** The largest and smallest finite-or-infinite value of a type, as the identities of min and max. */
export function limitsOf(dtype: DType): { readonly min: Const; readonly max: Const } {
  if (isFloat(dtype))
    return { min: constant(Number.NEGATIVE_INFINITY, dtype), max: constant(Number.POSITIVE_INFINITY, dtype) };
  if (dtype === "bool") return { min: constant(false, dtype), max: constant(true, dtype) };
  if (dtype === "index") return { min: int(Number.MIN_SAFE_INTEGER), max: int(Number.MAX_SAFE_INTEGER) };
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const signed = dtype.startsWith("int");
  const min = signed ? -(1n << (bits - 1n)) : 0n;
  const max = (1n << (signed ? bits - 1n : bits)) - 1n;
  return isWide(dtype)
    ? { min: constant(min, dtype), max: constant(max, dtype) }
    : { min: constant(Number(min), dtype), max: constant(Number(max), dtype) };
}
