import type { DType, LoopKind, Scope, UnaryOp } from "@tilewright/ir";

/** `experimental` features work, and each use of one is a warning (BE103). */
export type SupportLevel = "stable" | "experimental";

/** Names with their level. Absent means unsupported. */
export type Support<Name extends string> = { readonly [N in Name]?: SupportLevel };

/** Functions that `lower` expands into arithmetic unless a target computes them itself. */
export const MATH_FUNCTIONS = ["exp", "log", "sin", "cos", "tanh", "erf", "sigmoid", "pow"] as const;

/** What a target may compute itself. All but `MATH_FUNCTIONS` is implied. */
export type MathOperator = UnaryOp | "pow";

/**
 * Facts about a target, read alike by rules, tuner, legaliser, verifier and tests: nobody asks for the name of a target. What a backend
 * leaves out of its definition is unsupported.
 */
export interface Capabilities {
  /** Element types of memory and values. `index`, and bool as a condition, are implied. */
  readonly dtypes: Support<DType>;
  /** `parallel` for threads of a host, `thread` for those of a launch. All other kinds of loops are implied: `lower` makes them serial. */
  readonly loopKinds: Support<LoopKind>;
  /** Memory scopes with their size in bytes; null is unlimited. */
  readonly memory: { readonly [S in Scope]?: { readonly maxBytes: number | null } };
  /** Null: scalars only. */
  readonly vector: VectorCapabilities | null;
  /** Upper bound of threads that run `parallel` loops; 1 is serial. */
  readonly threads: number;
  /** Threads of a launch, for GPU-like targets; null: none. */
  readonly launch: LaunchCapabilities | null;
  /** Data caches from the smallest to the largest, in bytes. */
  readonly caches: readonly { readonly bytes: number; readonly lineBytes: number; readonly perThread: boolean }[];
  /** Math functions that the target computes itself; `lower` expands the others. Basic arithmetic is implied. */
  readonly math: readonly MathOperator[];
  /** A multiplication and addition that carry CONTRACT become one instruction. */
  readonly fusedMultiplyAdd: boolean;
  /** Names of intrinsics that `Call` may use, and of those that `KernelCall` may, for which the backend has a template. */
  readonly intrinsics: readonly string[];
  /** Element types of `Atomic`. */
  readonly atomics: Support<DType>;
  /** Scopes of `Barrier`. */
  readonly barriers: Support<"shared" | "global">;
  /** Queues that `Async`, tokens and `Synchronize` may name. */
  readonly queues: readonly string[];
  /** `Assert` ends a run with its message. */
  readonly asserts: boolean;
  /** The target holds the host program as code; else the artifact holds it as a launch program. */
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

/** Limits of one launch; x, y, z. */
export interface LaunchCapabilities {
  /** Blocks of a launch along each axis. */
  readonly maxBlocks: readonly [number, number, number];
  /** Threads of a block along each axis. */
  readonly maxThreads: readonly [number, number, number];
  /** Threads of a block in all. */
  readonly maxThreadsPerBlock: number;
  /** Threads that run in lockstep, a warp or subgroup; null: not known. */
  readonly subgroupThreads: number | null;
}

/** Capabilities as a backend states them: what is left out is unsupported, scalar, serial and without host code. */
export type CapabilitiesDefinition = Pick<Capabilities, "dtypes"> & Partial<Capabilities>;

/** Fills in what a definition leaves out, or leaves undefined. */
export function toCapabilities(definition: CapabilitiesDefinition): Capabilities {
  const given = Object.fromEntries(Object.entries(definition).filter(([, value]) => value !== undefined));
  return {
    memory: { global: { maxBytes: null }, local: { maxBytes: null } },
    vector: null,
    threads: 1,
    launch: null,
    caches: [],
    math: [],
    fusedMultiplyAdd: false,
    intrinsics: [],
    atomics: {},
    barriers: {},
    queues: [],
    asserts: false,
    hostCode: false,
    ...(given as CapabilitiesDefinition),
    loopKinds: {
      serial: "stable",
      vectorized: "stable",
      unrolled: "stable",
      virtual: "stable",
      ...definition.loopKinds,
    },
  };
}

/** Lanes of an element of `bytesPerElement` in one register; 1 on a scalar target. */
export function lanesOf(capabilities: Capabilities, bytesPerElement: number): number {
  return capabilities.vector === null ? 1 : Math.max(1, Math.floor(capabilities.vector.bytes / bytesPerElement));
}
