import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CompiledModule, defineToolchain, type Toolchain, type ToolchainStatus } from "@tilewright/backend";
import { CompileError, type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";
import { type CacheOptions, cacheKey, defaultCacheFolder, readCache, writeCache } from "./cache.js";
import { badOption, ioFailed, toolBrokeDown, toolFailed, toolMissing, wrongFormat } from "./errors.js";
import { runTool } from "./run-tool.js";
import { inTemporaryFolder } from "./temporary-folder.js";

/** Options that all toolchains have. */
export interface ToolchainOptions {
  /** Folder of built modules, or false to keep none. Default: the user's cache folder. */
  readonly cache?: string | false;
  /** Bytes that the cache may take. Default 512 MiB. */
  readonly cacheMaxBytes?: number;
  /** How hard the compiler tries, from 0 to 3. Default 3. */
  readonly optimization?: 0 | 1 | 2 | 3;
  /** Milliseconds after which a tool is stopped. Default 120,000. */
  readonly timeoutMs?: number;
}

/** One call of a tool. Paths are relative to the folder that holds `module.c`. */
export interface Step {
  readonly command: string;
  readonly args: readonly string[];
  /** Arguments to add for a second try, when the compiler itself breaks down. */
  readonly retry?: readonly string[];
}

/** How one kind of toolchain works, once its programs were found. */
export interface Recipe {
  /** Names and versions of the programs, for people and for the key of the cache. */
  readonly versions: string;
  /** Processor features that the result depends on beside its flags. */
  readonly processor: string;
  readonly features: readonly string[];
  /** Text to put after the module's. */
  readonly appendix: string;
  /** Runs in turn; the last writes `output`. */
  readonly steps: readonly Step[];
  readonly output: string;
  /** Runs a step; by default as a process in `folder`. */
  readonly execute?: (step: Step, folder: string, signal: AbortSignal | undefined) => Promise<void>;
  /** After the step that wrote `file`: checks it, or makes the final module of it. */
  readonly finish?: (
    bytes: Uint8Array,
    module: CompiledModule,
    read: (file: string) => Promise<Uint8Array>,
  ) => Promise<Uint8Array>;
}

export interface ToolchainKind {
  readonly name: string;
  readonly produces: "wasm" | "shared-library";
  /** What was looked for, and how to install it. */
  readonly looksFor: readonly string[];
  readonly install: string;
  readonly options: ToolchainOptions;
  prepare(): Promise<Recipe | undefined>;
}

/** Changes when the same text and flags are to give another result. */
const CACHE_FORMAT = "1";
const DEFAULT_MAX_BYTES = 512 * 1024 * 1024;
export const DEFAULT_TIMEOUT_MS = 120_000;

/** A toolchain that finds its programs at the first use, builds in a temporary folder and keeps what it built. */
export function cToolchain(kind: ToolchainKind): Toolchain {
  const { name, options } = kind;
  checkOptions(options);
  const cache: CacheOptions | undefined =
    options.cache === false
      ? undefined
      : { folder: options.cache ?? defaultCacheFolder(), maxBytes: options.cacheMaxBytes ?? DEFAULT_MAX_BYTES };
  let recipe: Promise<Recipe | undefined> | undefined;
  const prepared = async (): Promise<Recipe | undefined> => {
    recipe ??= kind.prepare();
    const found = await recipe;
    if (found === undefined) recipe = undefined; // it may be installed before the next try
    return found;
  };
  const build: Toolchain["build"] = async (module, { signal } = {}) => {
    signal?.throwIfAborted();
    if (module.format !== "c-source") throw new CompileError(wrongFormat(name, module.format));
    const found = await prepared();
    if (found === undefined) throw new CompileError(toolMissing(name, kind.looksFor, kind.install));
    const key = keyOf(kind, found, module);
    const kept = cache === undefined ? undefined : await readCache(cache, key);
    const warnings: Diagnostic[] = [...module.warnings];
    const bytes =
      kept ??
      (await buildAnew(name, found, module, { timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS, signal, warnings }));
    if (kept === undefined && cache !== undefined) warnings.push(...(await writeCache(cache, key, bytes)));
    return { ...module, format: kind.produces, bytes, features: found.features, warnings };
  };
  const status = async (): Promise<ToolchainStatus> => {
    const found = await prepared();
    const missing = `not found: ${kind.looksFor.join(", ")}; ${kind.install}`;
    return { name, usable: found !== undefined, detail: found === undefined ? missing : found.versions };
  };
  return defineToolchain({ name, accepts: "c-source", produces: kind.produces, status, build });
}

function checkOptions({ cache, cacheMaxBytes, optimization, timeoutMs }: ToolchainOptions): void {
  if (optimization !== undefined && ![0, 1, 2, 3].includes(optimization))
    throw new CompileError(badOption("optimization", String(optimization), "an integer from 0 to 3"));
  const positive = (value: number | undefined): boolean => value === undefined || (Number.isFinite(value) && value > 0);
  if (cache !== undefined && cache !== false && (typeof cache !== "string" || cache === ""))
    throw new CompileError(badOption("cache", String(cache), "a folder or false"));
  if (!positive(cacheMaxBytes))
    throw new CompileError(badOption("cacheMaxBytes", String(cacheMaxBytes), "a positive number of bytes"));
  if (!positive(timeoutMs))
    throw new CompileError(badOption("timeoutMs", String(timeoutMs), "a positive number of milliseconds"));
}

function keyOf(kind: ToolchainKind, recipe: Recipe, module: CompiledModule): string {
  const extra = [...module.files].flat();
  const steps = recipe.steps.map(({ command, args }) => [command, ...args].join("\0")).join("\n");
  return cacheKey([
    CACHE_FORMAT,
    kind.name,
    recipe.versions,
    recipe.processor,
    recipe.appendix,
    steps,
    module.bytes,
    ...extra,
  ]);
}

interface BuildContext {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly warnings: Diagnostic[];
}

async function buildAnew(
  name: string,
  recipe: Recipe,
  module: CompiledModule,
  context: BuildContext,
): Promise<Uint8Array> {
  const source = new TextDecoder().decode(module.bytes) + recipe.appendix;
  const files = new Map([...module.files, [SOURCE_FILE, new TextEncoder().encode(source)] as const]);
  return inTemporaryFolder(files, async (folder) => {
    const read = async (file: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(folder, file)));
    for (const step of recipe.steps) {
      if (recipe.execute !== undefined) await recipe.execute(step, folder, context.signal);
      else await runStep(name, step, folder, context);
    }
    const bytes = await read(recipe.output).catch((error: unknown) => {
      throw new CompileError(ioFailed(`read what ${name} wrote`, String(error)));
    });
    return recipe.finish === undefined ? bytes : recipe.finish(bytes, module, read);
  });
}

/** The name of the module's text in the temporary folder. */
export const SOURCE_FILE = "module.c";

async function runStep(
  name: string,
  step: Step,
  folder: string,
  { timeoutMs, signal, warnings }: BuildContext,
): Promise<void> {
  const run = (args: readonly string[]): ReturnType<typeof runTool> =>
    runTool(step.command, args, { folder, timeoutMs, signal }).catch((error: unknown) => {
      if (error instanceof Error && "syscall" in error)
        throw new CompileError(ioFailed(`start ${name}`, error.message));
      throw error;
    });
  let result = await run(step.args);
  if (result.exitCode !== 0 && step.retry !== undefined && /internal compiler error/i.test(result.stderr)) {
    warnings.push(toolBrokeDown(name, step.retry));
    result = await run([...step.args, ...step.retry]);
  }
  if (result.exitCode === 0) return;
  throw new CompileError(toolFailed(name, result.exitCode, result.stderr || result.stdout, placeOf(result.stderr)));
}

/** The first place that a compiler's messages name, in the text that it was given. */
export function placeOf(output: string): Span {
  const match = /(?:^|[\s/\\])([\w.-]+\.[ch]):(\d+):(\d+): (?:fatal )?error:/m.exec(output);
  if (match === null) return NO_SPAN;
  const [, file = "", line = "0", column = "0"] = match;
  return { file, line: Number(line), column: Number(column) };
}
