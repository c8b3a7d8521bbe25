import { toCapabilities } from "@tilewright/backend";

export { type Expr, type IRModule, type IterVar, isConst, type Tensor } from "@tilewright/ir";

/** A target of scalars and one thread that computes every function itself. */
export const NO_TARGET = toCapabilities({
  dtypes: { float32: "stable", int32: "stable", bool: "stable" },
  loopKinds: { parallel: "stable" },
  caches: [
    { bytes: 32 * 1024, lineBytes: 64, perThread: true },
    { bytes: 512 * 1024, lineBytes: 64, perThread: true },
  ],
  math: ["exp", "log", "tanh", "erf", "sigmoid", "sin", "cos"],
  hostCode: true,
});
