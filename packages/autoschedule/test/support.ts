import type { Capabilities } from "@tilewright/backend";

export { type IRModule, isConst, type Tensor } from "@tilewright/ir";

/** A target of scalars and one thread that computes every function itself. */
export const NO_TARGET: Capabilities = {
  dtypes: { float32: "stable", int32: "stable", bool: "stable" },
  loopKinds: ["serial", "parallel", "vectorized", "unrolled"],
  memory: { global: { maxBytes: null }, local: { maxBytes: null } },
  vector: null,
  threads: 1,
  launch: null,
  caches: [
    { bytes: 32 * 1024, lineBytes: 64, perThread: true },
    { bytes: 512 * 1024, lineBytes: 64, perThread: true },
  ],
  math: ["sqrt", "exp", "log", "tanh", "erf", "sigmoid", "sin", "cos", "floor", "ceil", "round", "trunc", "abs"],
  fusedMultiplyAdd: false,
  intrinsics: [],
  hostCode: true,
};
