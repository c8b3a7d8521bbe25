/** What an engine can run, asked of tiny modules rather than of version numbers. */

const HEADER = [0, 97, 115, 109, 1, 0, 0, 0];
/** A function () -> v128 of `i8x16.popcnt(i8x16.splat(0))`. */
const SIMD = [...HEADER, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11];
/** A function () -> v128 of `i8x16.relaxed_swizzle`. */
const RELAXED = [
  ...HEADER,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  15,
  1,
  13,
  0,
  65,
  1,
  253,
  15,
  65,
  2,
  253,
  15,
  253,
  128,
  2,
  11,
];

/** The module `(x, y) => reinterpret_as_integer(x - y)` of two float32, exported as `f`. */
const DIFFERENCE = [
  ...[...HEADER, 1, 7, 1, 96, 2, 125, 125, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0],
  ...[10, 10, 1, 8, 0, 32, 0, 32, 1, 147, 188, 11],
];

/**
 * Features of the engine that runs this: `simd`, `relaxed-simd`, `registers-32` where the processor has 32 vector registers rather than the 16 of
 * x86-64, and `threads` where memory can be shared.
 */
export function engineFeatures(): ReadonlySet<string> {
  const features = new Set<string>();
  if (WebAssembly.validate(Uint8Array.from(SIMD))) features.add("simd");
  if (WebAssembly.validate(Uint8Array.from(RELAXED))) features.add("relaxed-simd");
  if (!isX86()) features.add("registers-32");
  if (canShareMemory()) features.add("threads");
  return features;
}

/** Of processors with an engine only those of x86 make a NaN with its sign set: WebAssembly leaves the sign open. */
function isX86(): boolean {
  try {
    const { f } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(DIFFERENCE))).exports;
    return (f as (x: number, y: number) => number)(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) < 0;
  } catch {
    return true;
  }
}

/** In a page SharedArrayBuffer takes cross-origin isolation. */
function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  if ((globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated === false) return false;
  try {
    return new WebAssembly.Memory({ initial: 0, maximum: 0, shared: true }).buffer instanceof SharedArrayBuffer;
  } catch {
    return false;
  }
}
