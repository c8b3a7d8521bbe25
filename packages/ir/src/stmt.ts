import type { Buffer, BufferRegion } from "./buffer.js";
import type { Expr, NodeBase, Var } from "./expr.js";

export const THREAD_TAGS = [
  "blockIdx.x",
  "blockIdx.y",
  "blockIdx.z",
  "threadIdx.x",
  "threadIdx.y",
  "threadIdx.z",
] as const;
export type ThreadTag = (typeof THREAD_TAGS)[number];

/**
 * `serial` runs in order; iterations of `parallel` run in any order, perhaps at once; `vectorized` becomes lanes and `unrolled`
 * copies; `thread` is a dimension of a launch (with `thread`); iterations of `virtual` are interleaved (with private allocations).
 */
export type LoopKind = "serial" | "parallel" | "vectorized" | "unrolled" | "thread" | "virtual";

/** `for loopVar in min .. min + extent { body }`. `loopVar` (index) is bound in `body` alone; `extent` ≥ 0. */
export interface For extends NodeBase<"For"> {
  readonly loopVar: Var;
  readonly min: Expr;
  readonly extent: Expr;
  readonly loopKind: LoopKind;
  readonly thread: ThreadTag | null;
  readonly body: Stmt;
}

export interface While extends NodeBase<"While"> {
  readonly condition: Expr;
  readonly body: Stmt;
}

/** `buffer[indices] = value`; lanes whose `predicate` is false are not written. */
export interface Store extends NodeBase<"Store"> {
  readonly buffer: Buffer;
  readonly indices: readonly Expr[];
  readonly value: Expr;
  readonly predicate: Expr | null;
}

/**
 * `guard`: put in by bound inference, true but at the edges of an iteration domain, so that loop partition may peel it.
 * `branch`: the user's.
 */
export type IfRole = "guard" | "branch";

export interface If extends NodeBase<"If"> {
  readonly condition: Expr;
  readonly then: Stmt;
  readonly otherwise: Stmt | null;
  readonly role: IfRole;
}

/** `variable` stands for the value that `value` has here, in `body`. */
export interface Let extends NodeBase<"Let"> {
  readonly variable: Var;
  readonly value: Expr;
  readonly body: Stmt;
}

/** A register (scalar or vector) that `Assign` may change, alive in `body`. */
export interface Register extends NodeBase<"Register"> {
  readonly variable: Var;
  readonly initial: Expr;
  readonly body: Stmt;
}

export interface Assign extends NodeBase<"Assign"> {
  readonly variable: Var;
  readonly value: Expr;
}

/** `buffer` exists in `body`, uninitialised: its values are arbitrary until written. */
export interface Allocate extends NodeBase<"Allocate"> {
  readonly buffer: Buffer;
  readonly body: Stmt;
}

/** In order. The empty sequence does nothing. */
export interface Seq extends NodeBase<"Seq"> {
  readonly stmts: readonly Stmt[];
}

/** Ends the run with an error that carries `message` when the condition is false. */
export interface Assert extends NodeBase<"Assert"> {
  readonly condition: Expr;
  readonly message: string;
}

/** Evaluates a call for its effect. */
export interface Evaluate extends NodeBase<"Evaluate"> {
  readonly value: Expr;
}

export type AtomicOp = "add" | "min" | "max" | "and" | "or" | "xor" | "exchange";

/** `buffer[indices] = op(buffer[indices], value)` as one indivisible step. */
export interface Atomic extends NodeBase<"Atomic"> {
  readonly op: AtomicOp;
  readonly buffer: Buffer;
  readonly indices: readonly Expr[];
  readonly value: Expr;
}

/** Every thread of a workgroup waits for all; memory of `scope` (and narrower) is then seen by all. Divergence is an error. */
export interface Barrier extends NodeBase<"Barrier"> {
  readonly scope: "shared" | "global";
}

/**
 * Hands `body` to a named queue (a DMA engine, an accelerator's stage) and goes on. A queue runs its entries in order; entries of
 * different queues run at any time relative to each other unless tokens order them. `body` touches nothing but the declared regions.
 */
export interface Async extends NodeBase<"Async"> {
  readonly queue: string;
  readonly reads: readonly BufferRegion[];
  readonly writes: readonly BufferRegion[];
  readonly body: Stmt;
}

/** An entry of queue `from`: when reached, puts one token on the channel `from → to`. */
export interface PushToken extends NodeBase<"PushToken"> {
  readonly from: string;
  readonly to: string;
}

/** An entry of queue `to`: holds that queue until a token of `from → to` is there, and takes it. */
export interface PopToken extends NodeBase<"PopToken"> {
  readonly from: string;
  readonly to: string;
}

/** Waits until the named queues (all, when none is named) have run everything handed to them. */
export interface Synchronize extends NodeBase<"Synchronize"> {
  readonly queues: readonly string[];
}

/**
 * Calls another function of the module, or an intrinsic that the target declares, whose meaning is a function. A buffer parameter is
 * given a region, a scalar parameter an expression. The region of a function's parameter is contiguous and holds as many bytes (an arena
 * of bytes may be sliced), or, where the parameter declares strides, is a box with these strides; that of an intrinsic's may be any box,
 * which the meaning then sees with the strides of the buffer around it (further dimensions of extent 1 are left out). `launch` gives the grid and block of a device kernel, slowest dimension first.
 */
export interface KernelCall extends NodeBase<"KernelCall"> {
  readonly callee: string;
  readonly args: readonly (Expr | BufferRegion)[];
  readonly launch: { readonly grid: readonly Expr[]; readonly block: readonly Expr[] } | null;
}

/** Runs `callee(begin, end, ...args)` over some partition of `0 .. extent`, perhaps at once; the callee has role `parallel`. */
export interface ParallelCall extends NodeBase<"ParallelCall"> {
  readonly callee: string;
  readonly extent: Expr;
  readonly args: readonly (Expr | BufferRegion)[];
}

export type Stmt =
  | For
  | While
  | Store
  | If
  | Let
  | Register
  | Assign
  | Allocate
  | Seq
  | Assert
  | Evaluate
  | Atomic
  | Barrier
  | Async
  | PushToken
  | PopToken
  | Synchronize
  | KernelCall
  | ParallelCall;
