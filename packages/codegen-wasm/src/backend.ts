import {
  BACKEND_SPEC_VERSION,
  type Backend,
  type CapabilitiesDefinition,
  defineBackend,
  type Intrinsic,
} from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import type { PrimFunc } from "@tilewright/ir";
import { loopTemplates } from "@tilewright/lower";
import { badOption } from "./errors.js";
import { compileModule } from "./module.js";

export interface WasmOptions {
  /** 128-bit vectors. Every current engine has them. Default true. */
  readonly simd?: boolean;
  /** Fused multiply-add where nodes may be contracted (relaxed SIMD); artifacts then name the feature `relaxed-simd`. Default false. */
  readonly relaxed?: boolean;
  /**
   * Vector registers of the processor that the code is shaped for: 16, x86-64, or 32, ARM64 and others. Code for 32 runs on 16 too, but slowly, so
   * artifacts then name the feature `registers-32`. Default 16.
   */
  readonly registers?: 16 | 32;
  /** Threads that `parallel` loops may use; above 1 the memory is shared. 1 to 256, default 1. */
  readonly threads?: number;
  /** Instructions of your own, each with a template: loop IR of level `scheduled` over the same parameters. Default none. */
  readonly intrinsics?: readonly Intrinsic<PrimFunc>[];
}

/** Vector registers of a processor, less those that engines keep for themselves: V8 one of x86-64 and four of ARM64. */
const FREE_REGISTERS = { 16: 15, 32: 28 } as const;

const MAX_THREADS = 256;

/** Loop IR to WebAssembly, in this process: no toolchain. @throws CompileError `BE211` for an option that does not exist. */
export function wasm(options: WasmOptions = {}): Backend {
  const { simd = true, relaxed = false, registers = 16, threads = 1, intrinsics = [] } = options ?? {};
  checkOptions({ simd, relaxed }, registers, threads, intrinsics);
  return defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name: "wasm",
    capabilities: {
      ...capabilities(simd, relaxed, registers, threads),
      intrinsics: intrinsics.map(({ name }) => name),
    },
    intrinsics,
    passes: intrinsics.length === 0 ? [] : [loopTemplates(intrinsics)],
    compile: (module) => compileModule(module, { simd, relaxed: simd && relaxed, registers, shared: threads > 1 }),
  });
}

function checkOptions(
  flags: Readonly<Record<string, unknown>>,
  registers: unknown,
  threads: unknown,
  intrinsics: readonly unknown[],
): void {
  for (const [name, value] of Object.entries(flags)) {
    if (typeof value !== "boolean") throw new CompileError(badOption(name, "true or false", value));
  }
  if (registers !== 16 && registers !== 32) throw new CompileError(badOption("registers", "16 or 32", registers));
  if (!Number.isInteger(threads) || Number(threads) < 1 || Number(threads) > MAX_THREADS) {
    throw new CompileError(badOption("threads", `an integer from 1 to ${MAX_THREADS}`, threads));
  }
  if (!Array.isArray(intrinsics) || !intrinsics.every(isTemplate))
    throw new CompileError(badOption("intrinsics", "intrinsics with templates of loop IR", intrinsics));
}

const isTemplate = (given: Partial<Intrinsic<Partial<PrimFunc>>> | undefined): boolean =>
  typeof given?.name === "string" && given.semantics?.kind === "PrimFunc" && given.emit?.kind === "PrimFunc";

function capabilities(simd: boolean, relaxed: boolean, registers: 16 | 32, threads: number): CapabilitiesDefinition {
  return {
    dtypes: { bool: "stable", ...NUMBERS, float16: "stable", bfloat16: "stable" },
    loopKinds: { parallel: "stable" },
    memory: { global: { maxBytes: null }, shared: { maxBytes: null }, local: { maxBytes: null } },
    vector: simd ? { bytes: 16, registers: FREE_REGISTERS[registers], predicated: false } : null,
    threads,
    caches: [
      { bytes: 32_768, lineBytes: 64, perThread: true },
      { bytes: 262_144, lineBytes: 64, perThread: true },
    ],
    fusedMultiplyAdd: simd && relaxed,
    atomics: NUMBERS,
    asserts: true,
    hostCode: true,
  };
}

const NUMBERS = {
  int8: "stable", int16: "stable", int32: "stable", int64: "stable", uint8: "stable", uint16: "stable", uint32: "stable", uint64: "stable",
  float32: "stable", float64: "stable",
} as const; // biome-ignore format: one glance
