import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type CompiledModule, defineToolchain, type Toolchain } from "@tilewright/backend";
import { type CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { toolFailed } from "./errors.js";
import { CUDA_SOURCE } from "./module.js";

const run = promisify(execFile);

/** A compiler of CUDA C++ text. */
export interface Compiler {
  readonly name: string;
  readonly produces: string;
  /** Programs that will do, the best first. */
  readonly commands: readonly string[];
  readonly install: string;
  /** Engine features that the result needs. */
  readonly features: readonly string[];
  /** Line of `--version` that names the version. */
  version(output: string): string;
  /** Arguments that compile `module.cu` of the current folder to `output`. */
  arguments(output: string): readonly string[];
}

export interface ToolOptions {
  /** Milliseconds after which the compiler is stopped. Default 300,000. */
  readonly timeoutMs?: number;
}

interface Tool {
  readonly command: string;
  readonly version: string;
}

/** A toolchain that runs a compiler in a temporary folder. */
export function toolchainOf(compiler: Compiler, { timeoutMs = 300_000 }: ToolOptions): Toolchain {
  const { name, produces, features, install, commands } = compiler;
  const missing = `not found: ${commands.join(", ")}; ${install}`;
  let found: Promise<Tool | null> | null = null;
  const find = (): Promise<Tool | null> => {
    found ??= findTool(compiler);
    return found;
  };
  return defineToolchain({
    name,
    accepts: CUDA_SOURCE,
    produces,
    async status() {
      const tool = await find();
      return { name, usable: tool !== null, detail: tool === null ? missing : `${tool.version} (${tool.command})` };
    },
    async build(module, { signal } = {}) {
      if (module.format !== CUDA_SOURCE)
        throw toolFailed(name, `a module of format \`${module.format}\``, `give it \`${CUDA_SOURCE}\``);
      const tool = await find();
      if (tool === null) throw toolFailed(name, missing, install);
      const bytes = await compile(compiler, tool, module, { timeoutMs, ...(signal === undefined ? {} : { signal }) });
      return { ...module, format: produces, bytes, features };
    },
  });
}

async function findTool({ commands, version }: Compiler): Promise<Tool | null> {
  for (const command of commands) {
    try {
      const { stdout } = await run(command, ["--version"], { timeout: 30_000 });
      return { command, version: version(stdout).trim() };
    } catch {
      // not there: the next one may be
    }
  }
  return null;
}

type RunOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

async function compile(
  compiler: Compiler,
  tool: Tool,
  module: CompiledModule,
  { timeoutMs, signal }: RunOptions,
): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "tilewright-cuda-"));
  try {
    await writeFile(join(folder, "module.cu"), module.bytes);
    const options = {
      cwd: folder,
      timeout: timeoutMs,
      maxBuffer: 2 ** 24,
      ...(signal === undefined ? {} : { signal }),
    };
    await run(tool.command, compiler.arguments("output"), options);
    return new Uint8Array(await readFile(join(folder, "output")));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw failureOf(compiler.name, error as Error & { readonly stderr?: string });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the compiler said, with the line of the text that it complains about. */
function failureOf(name: string, error: Error & { readonly stderr?: string }): CompileError {
  const said = (error.stderr ?? "") || error.message;
  const line = /module\.cu[:(](\d+)/.exec(said)?.[1];
  const span = line === undefined ? NO_SPAN : { file: "module.cu", line: Number(line), column: 1 };
  return toolFailed(
    name,
    said.slice(0, 4000),
    "the text is at fault, or the compiler: report it with the module",
    span,
  );
}
