import type { DType } from "./dtype.js";
import type { Expr, NodeBase } from "./expr.js";

/** Where memory lives. `local` is private to a thread, `shared` to a workgroup; accelerators name their own with a dot, as `vta.inp`. */
export type Scope = "global" | "shared" | "warp" | "local" | `${string}.${string}`;

/**
 * A region of memory, declared by a function's parameter or an `Allocate`. Identity is the object. `strides` are in elements,
 * `null` means row-major and dense. Two buffers never overlap unless a function says so.
 */
export interface Buffer extends NodeBase<"Buffer"> {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
  readonly strides: readonly Expr[] | null;
  readonly scope: Scope;
  /** Of the first element, in bytes; a power of two. */
  readonly alignment: number;
}

/** The box `mins[d] ≤ index[d] < mins[d] + extents[d]` of a buffer. */
export interface BufferRegion extends NodeBase<"BufferRegion"> {
  readonly buffer: Buffer;
  readonly mins: readonly Expr[];
  readonly extents: readonly Expr[];
}
