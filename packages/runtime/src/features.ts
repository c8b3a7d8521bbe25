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

/** Features of the engine that runs this: `simd`, `relaxed-simd`, and `threads` where memory can be shared. */
export function engineFeatures(): ReadonlySet<string> {
  const features = new Set<string>();
  if (WebAssembly.validate(Uint8Array.from(SIMD))) features.add("simd");
  if (WebAssembly.validate(Uint8Array.from(RELAXED))) features.add("relaxed-simd");
  if (canShareMemory()) features.add("threads");
  return features;
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
