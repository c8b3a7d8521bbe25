import type { DType, LoopKind, Scope, UnaryOp } from "@tilewright/ir";

export type SupportLevel = "stable" | "experimental";

/** Facts about a target, read alike by rules, tuner, legaliser, verifier and tests. Absent means unsupported. */
export interface Capabilities {
  readonly dtypes: { readonly [D in DType]?: SupportLevel };
  readonly loopKinds: readonly LoopKind[];
  /** Memory scopes with their size in bytes; null is unlimited. */
  readonly memory: { readonly [S in Scope]?: { readonly maxBytes: number | null } };
  /** Null: scalars only. */
  readonly vector: VectorCapabilities | null;
  /** Upper bound of threads that run `parallel` loops; 1 is serial. */
  readonly threads: number;
  /** Threads per launch, for GPU-like targets; null: none. x, y, z. */
  readonly launch: {
    readonly grid: readonly number[];
    readonly block: readonly number[];
    readonly maxThreads: number;
  } | null;
  /** Data caches from the smallest to the largest, in bytes. */
  readonly caches: readonly { readonly bytes: number; readonly lineBytes: number; readonly perThread: boolean }[];
  /** Math functions that the target computes itself; `lower` expands the others. Basic arithmetic is implied. */
  readonly math: readonly UnaryOp[];
  /** A multiplication and addition that carry CONTRACT become one instruction. */
  readonly fusedMultiplyAdd: boolean;
  /** Names of intrinsics that `Call` may use, and of those that `KernelCall` may, for which the backend has a template. */
  readonly intrinsics: readonly string[];
  /** The target holds the host program as code. */
  readonly hostCode: boolean;
}

export interface VectorCapabilities {
  /** Bytes of one register: 16 for WebAssembly SIMD and NEON, 32 for AVX2. */
  readonly bytes: number;
  /** Registers that a register tile may use, the compiler's temporaries included. */
  readonly registers: number;
  /** Loads and stores with a per-lane predicate. */
  readonly predicated: boolean;
}

/** Lanes of an element of `bytesPerElement` in one register; 1 on a scalar target. */
export function lanesOf(capabilities: Capabilities, bytesPerElement: number): number {
  return capabilities.vector === null ? 1 : Math.max(1, Math.floor(capabilities.vector.bytes / bytesPerElement));
}
