import type { Span } from "@tilewright/diagnostics";
import type {
  Expr,
  IterVar,
  LoopKind,
  Operation,
  PrimFunc,
  Scope,
  Tensor,
  ThreadTag,
  TraceRecord,
} from "@tilewright/ir";

/**
 * What happens where a split factor does not divide the extent. `guard`: the innermost body is guarded (and lowering peels the guard).
 * `shift`: the last tile starts earlier and computes some elements twice. `roundUp`: the tile is computed whole, into padded storage.
 * `exact`: it must divide.
 */
export type TailStrategy = "guard" | "shift" | "roundUp" | "exact";

/** `parent = outer · |inner| + inner`. Exactly one of `factor` (extent of inner) and `parts` (extent of outer) is given. */
export interface SplitRelation {
  readonly kind: "split";
  readonly parent: IterVar;
  readonly outer: IterVar;
  readonly inner: IterVar;
  readonly factor: number | null;
  readonly parts: number | null;
  readonly tail: TailStrategy;
}

/** `fused = outer · |inner| + inner`. */
export interface FuseRelation {
  readonly kind: "fuse";
  readonly outer: IterVar;
  readonly inner: IterVar;
  readonly fused: IterVar;
}

export type Relation = SplitRelation | FuseRelation;

/** Where a stage is computed: before everything that follows it, in its consumers' expressions, or in a loop of a consumer. */
export type Attachment =
  | { readonly kind: "root" }
  | { readonly kind: "inline" }
  | { readonly kind: "at"; readonly stage: Stage; readonly axis: IterVar };

/**
 * One digit of a storage layout: `(index[dimension] floordiv divisor) floormod modulus`, the modulus absent on the leading digit. In place of a
 * dimension stands the sum of other digits where several dimensions are divided together.
 */
export interface LayoutDigit {
  readonly dimension: number | LayoutDimension;
  readonly divisor: number;
  readonly modulus: number | null;
  /** Elements from one value to the next; null: as many as the digits after this one need. */
  readonly factor: number | null;
}

/** The index along one dimension of a memory: a sum of digits, the most significant first, and an offset. */
export interface LayoutDimension {
  readonly digits: readonly LayoutDigit[];
  readonly offset: number;
}

/** How a loop runs. */
export interface LoopMark {
  readonly loopKind: LoopKind;
  readonly thread: ThreadTag | null;
}

/** What lowering is told of a loop. */
export interface LoopHints {
  /** `never`: guards that depend on the loop stay where they are; `auto`: they are peeled where that pays. */
  readonly partition: "auto" | "never";
}

/** How the iterations of a loop overlap: a statement with number `k` does in step `t` the work of iteration `t − k`. */
export interface Pipeline {
  /** Of the stages computed directly in the loop and of the rest of its body, which its own stage stands for. */
  readonly numbers: ReadonlyMap<Stage, number>;
  /** The statements of one step in order. */
  readonly order: readonly Stage[];
}

/** An instruction: its name, and what it means as a function over buffers of constant shapes. */
export interface TensorIntrinsic {
  readonly name: string;
  readonly semantics: PrimFunc;
}

/** Loops that are one unit, to the innermost, as they were when they became one; `intrinsic` is called in their place. */
export interface Unit {
  readonly leaves: readonly IterVar[];
  readonly marks: ReadonlyMap<IterVar, LoopMark>;
  readonly initialAt: IterVar | null;
  readonly intrinsic: TensorIntrinsic | null;
}

/** A stage keeps, along a dimension, what the next iterations of the loop around it read again. */
export interface Rolling {
  readonly dimension: number;
  /** The call that asked for it. */
  readonly span: Span;
}

/** The stride of a dimension is made to be `offset` modulo `factor` elements. */
export interface Alignment {
  readonly dimension: number;
  readonly factor: number;
  readonly offset: number;
}

/**
 * One operation in a schedule. `operation` and `bodies` are what it computes now (caching and inlining rewrite them); the relations say
 * how its axes became the loops `leaves`, outermost first. Only the primitives change a stage.
 */
export interface Stage {
  readonly name: string;
  operation: Operation;
  /** Outputs, by which readers know the stage. */
  readonly tensors: readonly Tensor[];
  readonly isOutput: boolean;
  /** Data axes, one for each dimension. */
  axes: readonly IterVar[];
  reduceAxes: readonly IterVar[];
  bodies: readonly Expr[];
  relations: readonly Relation[];
  leaves: readonly IterVar[];
  marks: ReadonlyMap<IterVar, LoopMark>;
  hints: ReadonlyMap<IterVar, LoopHints>;
  /** Loops whose iterations overlap. */
  pipelines: ReadonlyMap<IterVar, Pipeline>;
  attachment: Attachment;
  rolling: Rolling | null;
  scope: Scope;
  layout: readonly LayoutDimension[] | null;
  /** What memory holds before the stage is computed, if anything. */
  padValue: number | null;
  alignments: readonly Alignment[];
  /** Of what the stage computes along a data axis, wherever it stands. */
  multiples: ReadonlyMap<IterVar, number>;
  /** The loop before which a reduction is initialised or padding filled; null: before its outermost reduction loop, or with each element. */
  initialAt: IterVar | null;
  /** Over the data axes: elements for which it is false are not computed, since nobody reads them. */
  predicate: Expr | null;
  /** The innermost loops, when no primitive may come between them any more. */
  unit: Unit | null;
}

/** A schedule: stages in topological order, producers first, and the trace of primitives that made it what it is. */
export interface Schedule {
  readonly outputs: readonly Tensor[];
  stages: readonly Stage[];
  records: readonly TraceRecord[];
  /** Where the calls of primitives come from while a trace is replayed; else null, and each call is its own place. */
  place: Span | null;
  /** True in a draft: primitives check what concerns their stage alone, and who made it checks the whole at its end, and throws it away after an error. */
  isDraft: boolean;
  /** What names of intrinsics mean here. */
  intrinsics: ReadonlyMap<string, TensorIntrinsic>;
}

/** A tensor of the schedule, or the name of its stage. */
export type TensorLike = Tensor | string;

/** An axis of a stage, or its name. */
export type AxisLike = IterVar | string;
