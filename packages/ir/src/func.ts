import type { Buffer } from "./buffer.js";
import type { NodeBase, Var } from "./expr.js";
import type { Stmt } from "./stmt.js";

/** Values that survive JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Notes for tools, under keys with a dot that name the tool. Nothing that changes meaning may live here; unknown keys survive. */
export type Attributes = Readonly<Record<string, Json>>;

/**
 * `kernel`: callable from outside, and one launch where the target has launches. `host`: orchestrates kernels with `KernelCall`.
 * `parallel`: the body of a `ParallelCall`; its first two parameters are the `index` variables `begin` and `end`.
 */
export type FunctionRole = "kernel" | "host" | "parallel";

/** A function over buffers and scalars. Buffer parameters do not overlap, unless a pair stands in `mayAlias` (equal memory, by name). */
export interface PrimFunc extends NodeBase<"PrimFunc"> {
  readonly name: string;
  readonly role: FunctionRole;
  readonly parameters: readonly (Buffer | Var)[];
  readonly mayAlias: readonly (readonly [Buffer, Buffer])[];
  readonly body: Stmt;
  readonly attributes: Attributes;
}

/** Functions that are compiled together; names are unique. */
export interface IRModule extends NodeBase<"IRModule"> {
  readonly functions: readonly PrimFunc[];
  readonly attributes: Attributes;
}
