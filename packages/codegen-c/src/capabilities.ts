import type { CapabilitiesDefinition } from "@tilewright/backend";
import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { badOption } from "./errors.js";

/** What is known of a family of processors. */
interface Processor {
  readonly vectorBytes: number;
  /** Of vectors; in WebAssembly those of x86-64, less the one that engines keep for themselves. */
  readonly registers: number;
  readonly fusedMultiplyAdd: boolean;
  readonly caches: readonly (readonly [bytes: number, perThread: boolean])[];
  /** Small allocations may be arrays of a function; WebAssembly modules of the runtime have no stack in memory. */
  readonly localBytes: number;
}

const X86: readonly (readonly [number, boolean])[] = [
  [32 * 1024, true],
  [512 * 1024, true],
  [16 * 1024 * 1024, false],
];
const WASM: readonly (readonly [number, boolean])[] = [
  [32 * 1024, true],
  [256 * 1024, true],
];
const LOCAL_BYTES = 4096;

const PROCESSORS = {
  "x86-64": { vectorBytes: 16, registers: 16, fusedMultiplyAdd: false, caches: X86, localBytes: LOCAL_BYTES },
  "x86-64-v3": { vectorBytes: 32, registers: 16, fusedMultiplyAdd: true, caches: X86, localBytes: LOCAL_BYTES },
  "x86-64-v4": { vectorBytes: 64, registers: 32, fusedMultiplyAdd: true, caches: X86, localBytes: LOCAL_BYTES },
  aarch64: { vectorBytes: 16, registers: 32, fusedMultiplyAdd: true, caches: X86, localBytes: LOCAL_BYTES },
  wasm: { vectorBytes: 16, registers: 15, fusedMultiplyAdd: false, caches: WASM, localBytes: 0 },
  "wasm-relaxed": { vectorBytes: 16, registers: 15, fusedMultiplyAdd: true, caches: WASM, localBytes: 0 },
} as const satisfies Record<string, Processor>;

/** Families of processors whose registers and caches shape the code. The text runs on any other too, only slower. */
export type Cpu = keyof typeof PROCESSORS;

/** @throws CompileError `BE208` for a name that is not in the table. */
export function processorOf(cpu: string): Processor {
  const processor = Object.hasOwn(PROCESSORS, cpu) ? PROCESSORS[cpu as Cpu] : undefined;
  if (processor === undefined)
    throw new CompileError(badOption("cpu", cpu, `one of ${Object.keys(PROCESSORS).join(", ")}`, NO_SPAN));
  return processor;
}

/** The capabilities of C code for a processor with vectors of `vectorBytes` (0: none) on `threads` threads. */
export function capabilitiesOf(
  processor: Processor,
  vectorBytes: number,
  threads: number,
  fused: boolean,
): CapabilitiesDefinition {
  const stable = "stable" as const;
  const integers = {
    int8: stable, int16: stable, int32: stable, int64: stable, uint8: stable, uint16: stable, uint32: stable, uint64: stable,
  }; // biome-ignore format: one glance
  return {
    dtypes: { bool: stable, ...integers, float16: stable, bfloat16: stable, float32: stable, float64: stable },
    loopKinds: { parallel: stable },
    atomics: { ...integers, float32: stable, float64: stable },
    memory: { global: { maxBytes: null }, shared: { maxBytes: null }, local: { maxBytes: null } },
    vector: vectorBytes === 0 ? null : { bytes: vectorBytes, registers: processor.registers, predicated: false },
    threads,
    caches: processor.caches.map(([bytes, perThread]) => ({ bytes, lineBytes: 64, perThread })),
    fusedMultiplyAdd: fused,
    asserts: true,
    hostCode: true,
  };
}
