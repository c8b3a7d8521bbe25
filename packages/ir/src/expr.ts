import type { Span } from "@tilewright/diagnostics";
import type { Buffer } from "./buffer.js";
import type { DType } from "./dtype.js";
import type { Combiner, IterVar, Tensor } from "./tensor.js";

/** What every node has: its kind, and the place in the user's program that it comes from (`NO_SPAN` for generated nodes). */
export interface NodeBase<K extends string> {
  readonly kind: K;
  readonly span: Span;
}

/** An expression has a type: `lanes` values of `dtype`; scalars have one lane. Expressions are pure but for `Call`. */
export interface ExprBase<K extends string> extends NodeBase<K> {
  readonly dtype: DType;
  readonly lanes: number;
}

/** Licences to deviate from strict IEEE arithmetic, a bit set; 0 is strict. */
export type FastMath = number;
/** A multiplication and an addition may be fused into one rounding. */
export const CONTRACT: FastMath = 1;
/** Sums and products may be reordered. */
export const REASSOCIATE: FastMath = 2;
/** A math function may be approximated with the error its lowering states. */
export const APPROXIMATE: FastMath = 4;

/** A scalar constant: `boolean` for bool, `bigint` for int64 and uint64, `number` for all other types (within the type's range). */
export interface Const extends ExprBase<"Const"> {
  readonly value: number | bigint | boolean;
}

/** A scalar or vector variable. Identity is the object; the name is for people. Bound exactly once (loop, let, register, axis, parameter). */
export interface Var extends ExprBase<"Var"> {
  readonly name: string;
}

export const UNARY_OPS = [
  "neg", "not", "bitnot", "abs", "floor", "ceil", "round", "trunc", "sqrt", "exp", "log", "sin", "cos", "tanh", "erf", "sigmoid",
] as const; // biome-ignore format: one glance
/** `not` is for bool, `bitnot` for integers, `round` is half to even; from `floor` on floats only. */
export type UnaryOp = (typeof UNARY_OPS)[number];

export interface Unary extends ExprBase<"Unary"> {
  readonly op: UnaryOp;
  readonly operand: Expr;
  readonly fast: FastMath;
}

export const ARITHMETIC_OPS = [
  "add", "sub", "mul", "div", "floordiv", "floormod", "truncdiv", "truncmod", "min", "max", "pow",
  "and", "or", "bitand", "bitor", "bitxor", "shl", "shr",
] as const; // biome-ignore format: one glance
export const COMPARE_OPS = ["eq", "ne", "lt", "le", "gt", "ge"] as const;
/**
 * `div` and `pow` are for floats, the four integer divisions for integers and `index`; `and`, `or` for bool and eager; the rest of the
 * bit operations for integers (`shr` is arithmetic for signed types). Comparisons give bool. Operands have one type.
 */
export type BinaryOp = (typeof ARITHMETIC_OPS)[number] | (typeof COMPARE_OPS)[number];

export interface Binary extends ExprBase<"Binary"> {
  readonly op: BinaryOp;
  readonly left: Expr;
  readonly right: Expr;
  readonly fast: FastMath;
}

/** Both arms are evaluated; the condition is bool with as many lanes, or one. */
export interface Select extends ExprBase<"Select"> {
  readonly condition: Expr;
  readonly whenTrue: Expr;
  readonly whenFalse: Expr;
}

/** Only the chosen arm is evaluated; the condition is a scalar bool until vectorization. Guards loads that would leave their buffer. */
export interface IfThenElse extends ExprBase<"IfThenElse"> {
  readonly condition: Expr;
  readonly whenTrue: Expr;
  readonly whenFalse: Expr;
}

/** Conversion of value. Float to integer truncates and saturates, NaN gives 0; integer to narrower integer wraps. */
export interface Cast extends ExprBase<"Cast"> {
  readonly operand: Expr;
}

/** The same bits as another type of the same width. */
export interface Reinterpret extends ExprBase<"Reinterpret"> {
  readonly operand: Expr;
}

/**
 * Reads `buffer[indices]`. One index per dimension (one in flat form); at most the last index has lanes, and gives the load its lanes.
 * Lanes whose `predicate` is false are not read and give 0.
 */
export interface Load extends ExprBase<"Load"> {
  readonly buffer: Buffer;
  readonly indices: readonly Expr[];
  readonly predicate: Expr | null;
}

/** `base + stride · lane`, for `index` and integers; `base` and `stride` are scalars. */
export interface Ramp extends ExprBase<"Ramp"> {
  readonly base: Expr;
  readonly stride: Expr;
}

/** A scalar in every lane. */
export interface Broadcast extends ExprBase<"Broadcast"> {
  readonly operand: Expr;
}

/** Picks lanes from the concatenation of `vectors`; one picked lane gives a scalar. */
export interface Shuffle extends ExprBase<"Shuffle"> {
  readonly vectors: readonly Expr[];
  readonly picks: readonly number[];
}

/** Calls an intrinsic that the target declares. The only expression that may have an effect. */
export interface Call extends ExprBase<"Call"> {
  readonly intrinsic: string;
  readonly args: readonly Expr[];
}

/** Tensor IR only: one element of a tensor. An index the compiler cannot prove inside is clamped (`SEMANTICS.md`). */
export interface Read extends ExprBase<"Read"> {
  readonly tensor: Tensor;
  readonly indices: readonly Expr[];
}

/**
 * Tensor IR only, at the top of a compute body: folds `sources` over `axes` with `combiner`, where `condition` holds, from `initial`
 * (or the identity). A combiner of several values yields the one numbered `valueIndex`.
 */
export interface Reduce extends ExprBase<"Reduce"> {
  readonly combiner: Combiner;
  readonly sources: readonly Expr[];
  readonly axes: readonly IterVar[];
  readonly condition: Expr | null;
  readonly initial: readonly Expr[] | null;
  readonly valueIndex: number;
  readonly fast: FastMath;
}

export type Expr =
  | Const
  | Var
  | Unary
  | Binary
  | Select
  | IfThenElse
  | Cast
  | Reinterpret
  | Load
  | Ramp
  | Broadcast
  | Shuffle
  | Call
  | Read
  | Reduce;
