import type { Toolchain } from "@tilewright/backend";
import { cToolchain, type Recipe, SOURCE_FILE, type ToolchainOptions } from "./c-toolchain.js";
import { findTool } from "./find-tool.js";
import {
  compileFlags,
  finishWasm,
  OBJECT_FILE,
  STACK_BYTES,
  WASM_FILE,
  type WasmOptions,
  wasmFeatures,
} from "./wasm-recipe.js";

export interface EmccOptions extends ToolchainOptions, WasmOptions {
  /** Program to run. Default: emcc on PATH. */
  readonly emcc?: string;
}

/** Emscripten's linker insists on this entry of a module without `main`; it does nothing and is not exported in the end. */
const ENTRY = "\nvoid _initialize(void);\nvoid _initialize(void) {}\n";

/** Hooks are imports, the memory is the runtime's, no library and no JavaScript. */
const LINK_FLAGS = [
  ...["-O3", `-sTOTAL_STACK=${STACK_BYTES}`, "-nostdlib", "--no-entry", "-sSTANDALONE_WASM", "-sIMPORTED_MEMORY"],
  ...[
    "-sERROR_ON_UNDEFINED_SYMBOLS=0",
    "-sWARN_ON_UNDEFINED_SYMBOLS=0",
    "-Wl,--export-table",
    "-Wl,--no-check-features",
  ],
];

/**
 * C to WebAssembly with Emscripten, as a standalone module: its JavaScript is not used. Relaxed vector instructions need a newer clang
 * than many Emscriptens bring: use `clangWasm` for those.
 * @throws CompileError `build` throws `TC101`-`TC107`
 */
export function emcc(options: EmccOptions = {}): Toolchain {
  const looksFor = [options.emcc ?? "emcc"];
  return cToolchain({
    name: "emcc",
    produces: "wasm",
    looksFor,
    install: "install Emscripten: apt-get install emscripten",
    options,
    prepare: () => prepare(options, looksFor),
  });
}

async function prepare(options: EmccOptions, looksFor: readonly string[]): Promise<Recipe | undefined> {
  const { simd = true, threads = false } = options;
  const tool = await findTool(looksFor);
  if (tool === undefined) return undefined;
  const machine = [...(simd ? ["-msimd128"] : []), ...(threads ? ["-matomics"] : []), "-mbulk-memory"];
  return {
    versions: `${tool.version} (${tool.path})`,
    processor: "",
    features: wasmFeatures(options, false),
    appendix: ENTRY,
    steps: [
      { command: tool.path, args: [...compileFlags(options, false), "-c", SOURCE_FILE, "-o", OBJECT_FILE] },
      { command: tool.path, args: [...LINK_FLAGS, ...machine, OBJECT_FILE, "-o", WASM_FILE] },
    ],
    output: WASM_FILE,
    finish: finishWasm("emcc", threads),
  };
}
