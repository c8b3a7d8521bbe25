/**
 * The built-in targets that kernels can be compiled for and run on. `wasm`: our own encoder, in this process. `native`: C in a shared
 * library for this machine. `c-wasm`: C through a compiler to WebAssembly.
 */
export const TARGET_NAMES = ["wasm", "native", "c-wasm"] as const;

export type TargetName = (typeof TARGET_NAMES)[number];
