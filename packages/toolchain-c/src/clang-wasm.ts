import type { Toolchain } from "@tilewright/backend";
import { cToolchain, type Recipe, SOURCE_FILE, type ToolchainOptions } from "./c-toolchain.js";
import { findTool } from "./find-tool.js";
import {
  compileFlags,
  finishWasm,
  KEEP_OFFSETS,
  OBJECT_FILE,
  STACK_BYTES,
  WASM_FILE,
  type WasmOptions,
  wasmFeatures,
} from "./wasm-recipe.js";

export interface ClangWasmOptions extends ToolchainOptions, WasmOptions {
  /** Relaxed vector instructions: a fused multiply-add where the engine has them. Default false. */
  readonly relaxed?: boolean;
  /** Program to compile with. Default: clang-19, then clang. */
  readonly clang?: string;
  /** Program to link with. Default: wasm-ld-19, then wasm-ld. */
  readonly linker?: string;
}

/** Linker flags. The memory is the runtime's, so the limits written here are replaced afterwards. */
export const LINK_FLAGS = [
  ...["--no-entry", "--import-memory", "--export-table", "--no-check-features"],
  ...["-z", `stack-size=${STACK_BYTES}`, OBJECT_FILE, "-o", WASM_FILE],
];

/**
 * C to WebAssembly with clang and wasm-ld, in two steps: as one, clang's driver would run a wasm-opt that it finds on PATH, which may be too old.
 * @throws CompileError `build` throws `TC101`-`TC107`
 */
export function clangWasm(options: ClangWasmOptions = {}): Toolchain {
  const { clang, linker } = options;
  const compilers = clang === undefined ? ["clang-19", "clang"] : [clang];
  const linkers = linker === undefined ? ["wasm-ld-19", "wasm-ld"] : [linker];
  return cToolchain({
    name: "clang-wasm",
    produces: "wasm",
    looksFor: [...compilers, ...linkers],
    install: "install both: apt-get install clang-19 lld-19",
    options,
    prepare: () => prepare(options, compilers, linkers),
  });
}

async function prepare(
  options: ClangWasmOptions,
  compilers: readonly string[],
  linkers: readonly string[],
): Promise<Recipe | undefined> {
  const { relaxed = false, threads = false } = options;
  const compiler = await findTool(compilers);
  const linker = await findTool(linkers);
  if (compiler === undefined || linker === undefined) return undefined;
  const flags = ["--target=wasm32", "-nostdlib", ...compileFlags(options, relaxed), ...KEEP_OFFSETS];
  return {
    versions: `${compiler.version} (${compiler.path}), ${linker.version} (${linker.path})`,
    processor: "",
    features: wasmFeatures(options, relaxed),
    appendix: "",
    steps: [
      { command: compiler.path, args: [...flags, "-c", SOURCE_FILE, "-o", OBJECT_FILE] },
      { command: linker.path, args: LINK_FLAGS },
    ],
    output: WASM_FILE,
    finish: finishWasm("clang-wasm", threads),
  };
}
