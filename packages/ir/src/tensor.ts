import type { Buffer } from "./buffer.js";
import type { DType } from "./dtype.js";
import type { Expr, NodeBase, Var } from "./expr.js";
import type { Attributes, Json } from "./func.js";
import type { Stmt } from "./stmt.js";

/** `data` axes may run in any order; `reduce` axes fold; `ordered` axes (of a scan) run in order; `opaque` ones may not be scheduled. */
export type IterKind = "data" | "reduce" | "ordered" | "opaque";

/** An iteration variable with its domain `min .. min + extent`. Identity is the object. */
export interface IterVar extends NodeBase<"IterVar"> {
  readonly name: string;
  readonly variable: Var;
  readonly min: Expr;
  readonly extent: Expr;
  readonly iterKind: IterKind;
}

/**
 * A commutative, associative fold over tuples: `results[k]` combines `lhs` and `rhs`, `identities[k]` changes nothing.
 * The built-in ones are named sum, prod, min and max.
 */
export interface Combiner extends NodeBase<"Combiner"> {
  readonly name: string;
  readonly lhs: readonly Var[];
  readonly rhs: readonly Var[];
  readonly results: readonly Expr[];
  readonly identities: readonly Expr[];
}

/** A multi-dimensional value: output number `outputIndex` of an operation. Identity is the object. Rank 0 has the empty shape. */
export interface Tensor extends NodeBase<"Tensor"> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
  readonly operation: Operation;
  readonly outputIndex: number;
}

/** Memory that the caller brings. */
export interface Placeholder extends NodeBase<"Placeholder"> {
  readonly name: string;
}

/** Every output element is its body at the axes' values; outputs share shape and loops. Bodies are all reductions or none is. */
export interface Compute extends NodeBase<"Compute"> {
  readonly name: string;
  readonly axes: readonly IterVar[];
  readonly bodies: readonly Expr[];
  readonly attributes: Attributes;
}

/**
 * A recurrence over the first axis: `state[t]` for `t < initial.shape[0]` is `initial[t]`, then `update[t]`, which may read the state
 * placeholders at earlier times. One entry for each state.
 */
export interface Scan extends NodeBase<"Scan"> {
  readonly name: string;
  readonly axis: IterVar;
  readonly initial: readonly Tensor[];
  readonly update: readonly Tensor[];
  readonly states: readonly Tensor[];
}

/** Statements over whole buffers: a library call, hand-written loops. `inputBuffers` stand for `inputs`, `outputBuffers` for the outputs. */
export interface Extern extends NodeBase<"Extern"> {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly inputBuffers: readonly Buffer[];
  readonly outputBuffers: readonly Buffer[];
  readonly body: Stmt;
}

export type Operation = Placeholder | Compute | Scan | Extern;

/** One schedule primitive as it was called: stages and axes by name, so that a trace can be stored and replayed on another shape. */
export interface TraceRecord {
  readonly primitive: string;
  readonly stage: string;
  readonly arguments: { readonly [name: string]: Json };
  /** Names of the axes or stages that the call made. */
  readonly results: readonly string[];
}

/** A schedule as data. */
export interface Trace {
  readonly version: 1;
  readonly records: readonly TraceRecord[];
}
