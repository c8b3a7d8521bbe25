import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Toolchain } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import { cToolchain, placeOf, type Recipe, SOURCE_FILE, type Step, type ToolchainOptions } from "./c-toolchain.js";
import { LINK_FLAGS } from "./clang-wasm.js";
import { toolFailed } from "./errors.js";
import {
  compileFlags,
  finishWasm,
  KEEP_OFFSETS,
  OBJECT_FILE,
  WASM_FILE,
  type WasmOptions,
  wasmFeatures,
} from "./wasm-recipe.js";

export interface YowaspOptions extends ToolchainOptions, WasmOptions {
  /** Relaxed vector instructions: a fused multiply-add where the engine has them. Default false. */
  readonly relaxed?: boolean;
}

const PACKAGE = "@yowasp/clang";

/** The part of the package that is used here. */
interface Llvm {
  readonly commands: Readonly<
    Record<string, (args: readonly string[], files: Files, options: object) => Promise<Files> | Files | undefined>
  >;
}
type Files = { [name: string]: Files | string | Uint8Array };

/**
 * C to WebAssembly with clang and lld that are WebAssembly themselves, from the npm package `@yowasp/clang`, inside this process: no
 * installation beside npm. Its work cannot be stopped between the start and the end of a step.
 * @throws CompileError `build` throws `TC101`-`TC107`
 */
export function yowasp(options: YowaspOptions = {}): Toolchain {
  return cToolchain({
    name: "yowasp",
    produces: "wasm",
    looksFor: [PACKAGE],
    install: `install it: npm install ${PACKAGE}`,
    options,
    prepare: () => prepare(options),
  });
}

async function prepare(options: YowaspOptions): Promise<Recipe | undefined> {
  const { relaxed = false, threads = false } = options;
  const found = await load();
  if (found === undefined) return undefined;
  const flags = ["--target=wasm32-wasip1", "-nostdlib", ...compileFlags(options, relaxed), ...KEEP_OFFSETS];
  return {
    versions: `${PACKAGE} ${found.version}`,
    processor: "",
    features: wasmFeatures(options, relaxed),
    appendix: "",
    steps: [
      { command: "clang", args: [...flags, "-c", SOURCE_FILE, "-o", OBJECT_FILE] },
      { command: "wasm-ld", args: LINK_FLAGS },
    ],
    output: WASM_FILE,
    execute: (step, folder, signal) => execute(found.llvm, step, folder, signal),
    finish: finishWasm("yowasp", threads),
  };
}

/** The package, if it is installed: it is a peer that may be absent, so its name is no import of this file. */
async function load(): Promise<{ readonly llvm: Llvm; readonly version: string } | undefined> {
  const name: string = PACKAGE;
  try {
    const llvm = (await import(name)) as Llvm;
    return { llvm, version: await versionOf() };
  } catch {
    return undefined;
  }
}

async function versionOf(): Promise<string> {
  const require = createRequire(import.meta.url);
  const entry = require.resolve.paths(PACKAGE) ?? [];
  for (const folder of entry) {
    const text = await readFile(join(folder, PACKAGE, "package.json"), "utf8").catch(() => undefined);
    if (text !== undefined) return String((JSON.parse(text) as { version?: unknown }).version ?? "");
  }
  return "of unknown version";
}

async function execute(
  llvm: Llvm,
  { command, args }: Step,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  signal?.throwIfAborted();
  const output = args[args.indexOf("-o") + 1] ?? "";
  const files: Files = {};
  for (const name of [SOURCE_FILE, OBJECT_FILE]) {
    const content = await readFile(join(folder, name)).catch(() => undefined);
    if (content !== undefined) files[name] = new Uint8Array(content);
  }
  let messages = "";
  const decoder = new TextDecoder();
  const collect = (bytes: Uint8Array | null): void => {
    if (bytes !== null) messages += decoder.decode(bytes, { stream: true });
  };
  try {
    const result = await llvm.commands[command]?.(args, files, {
      stdout: collect,
      stderr: collect,
      fetchProgress: () => undefined,
    });
    const written = result?.[output];
    if (written instanceof Uint8Array) await writeFile(join(folder, output), written);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? Number(error.code) : null;
    throw new CompileError(toolFailed("yowasp", code, messages === "" ? String(error) : messages, placeOf(messages)));
  }
}
