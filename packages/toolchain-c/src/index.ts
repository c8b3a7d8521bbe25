export type { ToolchainOptions } from "./c-toolchain.js";
export { defaultCacheFolder } from "./cache.js";
export { type ClangWasmOptions, clangWasm } from "./clang-wasm.js";
export { type EmccOptions, emcc } from "./emcc.js";
export { type HostCpu, hostCpu } from "./host-cpu.js";
export { type SharedLibraryOptions, sharedLibrary } from "./native-library.js";
export type { WasmOptions } from "./wasm-recipe.js";
export { type YowaspOptions, yowasp } from "./yowasp.js";
