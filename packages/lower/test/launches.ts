// A target with launches, and the law for it.
import { type Capabilities, toCapabilities } from "@tilewright/backend";

export const GPU: Capabilities = toCapabilities({
  dtypes: { float32: "stable", float64: "stable", int32: "stable", uint8: "stable", bool: "stable" },
  loopKinds: { thread: "stable" },
  memory: { global: { maxBytes: null }, shared: { maxBytes: 49_152 }, local: { maxBytes: null } },
  launch: {
    maxBlocks: [65_535, 65_535, 65_535],
    maxThreads: [1_024, 1_024, 64],
    maxThreadsPerBlock: 1_024,
    subgroupThreads: 32,
  },
  atomics: { int32: "stable", uint8: "stable", float64: "stable" },
  barriers: { shared: "stable", global: "stable" },
});
