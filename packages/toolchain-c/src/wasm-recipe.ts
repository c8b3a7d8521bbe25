import { LOW_MEMORY_BYTES } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import type { Recipe, ToolchainOptions } from "./c-toolchain.js";
import { notInstantiable } from "./errors.js";
import { conform, stackTop, usesStack, violation } from "./wasm-file.js";

/** What all ways to WebAssembly can be told. */
export interface WasmOptions {
  /** Vector instructions of 128 bits. Default true. */
  readonly simd?: boolean;
  /** Shared memory, for a device with more than one thread. Default false. */
  readonly threads?: boolean;
}

/** File that a C backend adds when its module holds assertions: their messages as JSON. */
const ASSERT_FILE = "asserts.json";
/** The object file between compiling and linking. */
export const OBJECT_FILE = "module.o";
export const WASM_FILE = "module.wasm";
/** Of a module that keeps variables in memory: it lies in what the calling convention leaves free at the bottom. */
export const STACK_BYTES = LOW_MEMORY_BYTES / 2;

/** Flags by which the text means the same as natively, and needs no library. */
export function compileFlags(
  { simd = true, threads = false, optimization = 3 }: WasmOptions & ToolchainOptions,
  relaxed: boolean,
): readonly string[] {
  return [
    ...[
      "-std=gnu11",
      `-O${optimization}`,
      "-ffreestanding",
      "-fno-math-errno",
      "-fno-trapping-math",
      "-fno-strict-aliasing",
      "-ffp-contract=off",
    ],
    ...["-fvisibility=hidden", "-fbracket-depth=4096", "-mbulk-memory"],
    ...(simd ? ["-msimd128"] : []),
    ...(relaxed ? ["-mrelaxed-simd"] : []),
    ...(threads ? ["-matomics"] : []),
  ];
}

/** For clang, as Emscripten has it: strength reduction forgets that offsets do not wrap, and then they are added at run time. */
export const KEEP_OFFSETS: readonly string[] = ["-mllvm", "-disable-lsr"];

/** Names of what an engine must have. */
export function wasmFeatures({ simd = true, threads = false }: WasmOptions, relaxed: boolean): readonly string[] {
  return [...(simd ? ["simd"] : []), ...(relaxed ? ["relaxed-simd"] : []), ...(threads ? ["threads"] : [])];
}

/**
 * The last step of each way: a linked module becomes one of the calling convention.
 * @throws CompileError `TC105` where it needs memory of its own
 */
export function finishWasm(toolchain: string, threads: boolean): NonNullable<Recipe["finish"]> {
  return async (linked: Uint8Array, module: CompiledModule, read) => {
    const top = usesStack(await read(OBJECT_FILE)) ? stackTop(linked) : 0;
    if (top > (threads ? 0 : LOW_MEMORY_BYTES)) {
      throw new CompileError(
        notInstantiable(
          toolchain,
          "a stack in memory that threads would share",
          'write the C for WebAssembly: c({ cpu: "wasm" })',
        ),
      );
    }
    const found = violation(linked);
    if (found !== undefined)
      throw new CompileError(
        notInstantiable(toolchain, found, "keep functions and constants of libraries out of the text"),
      );
    const functions = module.functions.map((entry) => entry.name);
    return conform(linked, { functions, shared: threads, asserts: module.files.get(ASSERT_FILE) });
  };
}
