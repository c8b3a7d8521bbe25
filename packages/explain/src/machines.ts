import type { Machine } from "./machine.js";

/** 3.1 GHz, the clock at which the rates below were measured. */
const CLOCK = 3.1e9;

/**
 * Two cores of an AMD Zen 3 server processor with AVX2 code. Measured there: the peak (independent 256-bit multiply-adds), the rates of L2, L3 and
 * memory (copies and triads; fills for stores not counted). The rate of L1 is documented: two loads of a register in a cycle; so are its ways. Those of the
 * larger caches are left out, since there the place of a line depends on which pages the system gave.
 */
export const ZEN3_NATIVE: Machine = {
  name: "Zen 3, 2 cores, AVX2",
  cores: 2,
  vectorBytes: 32,
  registers: 16,
  peakFlopsPerSecond: 100e9,
  caches: [
    { name: "L1", bytes: 32 * 1024, lineBytes: 64, ways: 8, perCore: true, bytesPerSecond: 2 * 32 * CLOCK },
    { name: "L2", bytes: 512 * 1024, lineBytes: 64, perCore: true, bytesPerSecond: 90e9 },
    { name: "L3", bytes: 32 * 1024 * 1024, lineBytes: 64, perCore: false, bytesPerSecond: 68e9 },
  ],
  memoryBytesPerSecond: 24e9,
};

/**
 * WebAssembly SIMD in V8 on the same two cores: registers of 16 bytes, of which V8 keeps one; the measured peak of one core, 50 · 10⁹, is that of
 * relaxed multiply-adds and, within a tenth, of separate multiplications and additions.
 */
export const WASM_ON_V8: Machine = {
  ...ZEN3_NATIVE,
  name: "WebAssembly SIMD in V8, 2 cores of Zen 3",
  vectorBytes: 16,
  registers: 15,
  peakFlopsPerSecond: 50e9,
  caches: ZEN3_NATIVE.caches.map((cache) =>
    cache.name === "L1" ? { ...cache, bytesPerSecond: 2 * 16 * CLOCK } : cache,
  ),
};
