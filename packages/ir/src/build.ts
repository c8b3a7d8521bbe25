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

/**
 * Builders that stamp `span` on what they make. They check types (`IR101`), fold nothing and simplify nothing.
 * A rule of the rewriter is handed the builder of the node it replaces.
 */
export interface Builder {
  readonly span: Span;
  const(value: number | bigint | boolean, dtype: DType): Const;
  int(value: number): Const;
  unary(op: UnaryOp, operand: Expr, fast?: FastMath): Expr;
  binary(op: BinaryOp, left: Expr, right: Expr, fast?: FastMath): Expr;
  add(left: Expr, right: Expr): Expr;
  sub(left: Expr, right: Expr): Expr;
  mul(left: Expr, right: Expr): Expr;
  select(condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr;
  ifThenElse(condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr;
  cast(operand: Expr, dtype: DType): Expr;
  reinterpret(operand: Expr, dtype: DType): Expr;
  load(buffer: Buffer, indices: readonly Expr[], predicate?: Expr | null): Load;
  ramp(base: Expr, stride: Expr, lanes: number): Ramp;
  broadcast(operand: Expr, lanes: number): Expr;
  shuffle(vectors: readonly Expr[], picks: readonly number[]): Expr;
  call(intrinsic: string, args: readonly Expr[], dtype: DType, lanes?: number): Expr;
  store(buffer: Buffer, indices: readonly Expr[], value: Expr, predicate?: Expr | null): Store;
  loop(loopVar: Var, min: Expr, extent: Expr, body: Stmt, loopKind?: LoopKind): For;
  when(condition: Expr, then: Stmt, role?: If["role"], otherwise?: Stmt | null): If;
  let(variable: Var, value: Expr, body: Stmt): Stmt;
  register(variable: Var, initial: Expr, body: Stmt): Stmt;
  assign(variable: Var, value: Expr): Stmt;
  allocate(buffer: Buffer, body: Stmt): Stmt;
  seq(...stmts: readonly Stmt[]): Stmt;
  region(buffer: Buffer, mins: readonly Expr[], extents: readonly Expr[]): BufferRegion;
}

/** The builders for one place of the user's program. */
export function at(span: Span): Builder {
  const binary = (op: BinaryOp, left: Expr, right: Expr, fast: FastMath = 0): Expr => {
    if (left.dtype !== right.dtype || left.lanes !== right.lanes)
      throw new CompileError(mismatchedOperands(op, left, right, span));
    return {
      kind: "Binary",
      span,
      dtype: COMPARISONS.has(op) ? "bool" : left.dtype,
      lanes: left.lanes,
      op,
      left,
      right,
      fast,
    };
  };
  const choice =
    (kind: "Select" | "IfThenElse") =>
    (condition: Expr, whenTrue: Expr, whenFalse: Expr): Expr => {
      if (whenTrue.dtype !== whenFalse.dtype || whenTrue.lanes !== whenFalse.lanes) {
        throw new CompileError(mismatchedOperands(kind, whenTrue, whenFalse, span));
      }
      return { kind, span, dtype: whenTrue.dtype, lanes: whenTrue.lanes, condition, whenTrue, whenFalse };
    };
  const lanesOf = (indices: readonly Expr[]): number =>
    indices.reduce((lanes, index) => Math.max(lanes, index.lanes), 1);
  return {
    span,
    const: (value, dtype) => constant(value, dtype, span),
    int: (value) => int(value, span),
    unary: (op, operand, fast = 0) => ({
      kind: "Unary",
      span,
      dtype: operand.dtype,
      lanes: operand.lanes,
      op,
      operand,
      fast,
    }),
    binary,
    add: (left, right) => binary("add", left, right),
    sub: (left, right) => binary("sub", left, right),
    mul: (left, right) => binary("mul", left, right),
    select: choice("Select"),
    ifThenElse: choice("IfThenElse"),
    cast: (operand, dtype) =>
      operand.dtype === dtype ? operand : { kind: "Cast", span, dtype, lanes: operand.lanes, operand },
    reinterpret: (operand, dtype) => ({ kind: "Reinterpret", span, dtype, lanes: operand.lanes, operand }),
    load: (from, indices, predicate = null) => ({
      kind: "Load",
      span,
      dtype: from.dtype,
      lanes: lanesOf(indices),
      buffer: from,
      indices,
      predicate,
    }),
    ramp: (base, stride, lanes) => ({ kind: "Ramp", span, dtype: base.dtype, lanes, base, stride }),
    broadcast: (operand, lanes) =>
      lanes === 1 ? operand : { kind: "Broadcast", span, dtype: operand.dtype, lanes, operand },
    shuffle: (vectors, picks) => ({
      kind: "Shuffle",
      span,
      dtype: vectors[0]?.dtype ?? "index",
      lanes: picks.length,
      vectors,
      picks,
    }),
    call: (intrinsic, args, dtype, lanes = 1) => ({ kind: "Call", span, dtype, lanes, intrinsic, args }),
    store: (into, indices, value, predicate = null) => ({
      kind: "Store",
      span,
      buffer: into,
      indices,
      value,
      predicate,
    }),
    loop: (loopVar, min, extent, body, loopKind = "serial") => ({
      kind: "For",
      span,
      loopVar,
      min,
      extent,
      loopKind,
      thread: null,
      body,
    }),
    when: (condition, then, role = "branch", otherwise = null) => ({
      kind: "If",
      span,
      condition,
      then,
      otherwise,
      role,
    }),
    let: (bound, value, body) => ({ kind: "Let", span, variable: bound, value, body }),
    register: (bound, initial, body) => ({ kind: "Register", span, variable: bound, initial, body }),
    assign: (bound, value) => ({ kind: "Assign", span, variable: bound, value }),
    allocate: (made, body) => ({ kind: "Allocate", span, buffer: made, body }),
    seq: (...stmts) => sequence(stmts, span),
    region: (of, mins, extents) => ({ kind: "BufferRegion", span, buffer: of, mins, extents }),
  };
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
