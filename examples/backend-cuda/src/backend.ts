import { BACKEND_SPEC_VERSION, type Backend, type CapabilitiesDefinition, defineBackend } from "@tilewright/backend";
import { MOST_LOCAL_BYTES } from "./device.js";
import { compileModule } from "./module.js";
import { elementwiseRule } from "./rules/elementwise.js";
import { matmulRule } from "./rules/matmul.js";
import { reductionRule } from "./rules/reduction.js";

/** Shared memory that every GPU gives a block without being asked for more. */
const SHARED_BYTES = 48 * 1024;

const stable = "stable" as const;
const INTEGERS = {
  int8: stable, int16: stable, int32: stable, int64: stable, uint8: stable, uint16: stable, uint32: stable, uint64: stable,
}; // biome-ignore format: one glance

const CAPABILITIES: CapabilitiesDefinition = {
  dtypes: { bool: stable, ...INTEGERS, float32: stable, float64: stable },
  loopKinds: { thread: stable },
  memory: { global: { maxBytes: null }, shared: { maxBytes: SHARED_BYTES }, local: { maxBytes: MOST_LOCAL_BYTES } },
  vector: { bytes: 16, registers: 64, predicated: false },
  launch: {
    maxBlocks: [2 ** 31 - 1, 65_535, 65_535],
    maxThreads: [1024, 1024, 64],
    maxThreadsPerBlock: 1024,
    subgroupThreads: 32,
  },
  math: ["exp", "log", "sin", "cos", "tanh", "erf"],
  fusedMultiplyAdd: true,
  atomics: { ...INTEGERS, float32: stable, float64: stable },
  barriers: { shared: stable, global: stable },
  asserts: true,
  hostCode: true,
};

/** A backend that writes device-level loop IR as CUDA C++ for GPUs of compute capability 7.5 and newer. */
export function cuda(): Backend {
  return defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name: "cuda",
    irVersion: 1,
    capabilities: CAPABILITIES,
    rules: [matmulRule, reductionRule, elementwiseRule],
    compile: (module) => compileModule(module, SHARED_BYTES),
  });
}
