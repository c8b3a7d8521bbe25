import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import type { Toolchain } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import { cToolchain, type Recipe, SOURCE_FILE, type ToolchainOptions } from "./c-toolchain.js";
import { badOption } from "./errors.js";
import { findTool } from "./find-tool.js";

export interface SharedLibraryOptions extends ToolchainOptions {
  /** Which compiler to take: a family, or the name or path of a program. Default: the first of clang-19, clang, gcc. */
  readonly compiler?: "clang" | "gcc" | (string & {});
  /** Processor to compile for, as the compiler names it. Default `native`, this machine. `baseline`: any of its kind. */
  readonly cpu?: "native" | "baseline" | (string & {});
}

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  clang: ["clang-19", "clang"],
  gcc: ["gcc", "gcc-12", "gcc-13", "gcc-14"],
};

/**
 * C to a shared library for this machine, with clang or gcc. Floats stay strict where the text does not allow contraction.
 * @throws CompileError `TC106` for options that do not exist; `build` throws `TC101`-`TC107`
 */
export function sharedLibrary(options: SharedLibraryOptions = {}): Toolchain {
  const { compiler, cpu = "native", optimization = 3 } = options;
  if (!/^[A-Za-z0-9][\w.+-]*$/.test(cpu))
    throw new CompileError(badOption("cpu", cpu, "a processor as the compiler names it, as `native`"));
  if (compiler === "") throw new CompileError(badOption("compiler", compiler, "`clang`, `gcc`, or a program"));
  const looksFor =
    compiler === undefined
      ? ["clang-19", "clang", "gcc"]
      : Object.hasOwn(FAMILIES, compiler)
        ? (FAMILIES[compiler] ?? [])
        : [compiler];
  return cToolchain({
    name: "shared-library",
    produces: "shared-library",
    looksFor,
    install: "install a C compiler: apt-get install clang-19 (or gcc), xcode-select --install on macOS",
    options,
    prepare: () => prepare(looksFor, cpu, optimization),
  });
}

async function prepare(looksFor: readonly string[], cpu: string, optimization: number): Promise<Recipe | undefined> {
  const tool = await findTool(looksFor);
  if (tool === undefined) return undefined;
  const isClang = /clang/i.test(tool.version);
  const posix = process.platform !== "win32";
  const output = posix ? "module.so" : "module.dll";
  const flags = [
    ...["-std=gnu11", `-O${optimization}`, ...processorFlags(cpu), "-shared", ...(posix ? ["-fPIC", "-pthread"] : [])],
    ...[
      "-fvisibility=hidden",
      "-DTILEWRIGHT_SHARED",
      "-ffp-contract=off",
      "-fno-math-errno",
      "-fno-trapping-math",
      "-fno-strict-aliasing",
    ],
    // gcc 12 merges neighbouring conditionals of different widths wrongly when it vectorizes a loop; our vectors are in the text.
    ...(isClang ? ["-fbracket-depth=4096"] : ["-fno-tree-loop-vectorize"]),
  ];
  const files = [SOURCE_FILE, "-o", output, ...(posix ? ["-lm"] : [])];
  return {
    versions: `${tool.version} (${tool.path})`,
    processor: cpu === "native" ? await processorFeatures() : "",
    features: [`${process.platform}-${process.arch}`],
    appendix: "",
    steps: [{ command: tool.path, args: [...flags, ...files], retry: ["-O1"] }],
    output,
  };
}

/** On some processors compilers split vectors of 512 bits unless told; the text says how wide they are to be. */
function processorFlags(cpu: string): readonly string[] {
  if (cpu === "baseline") return [];
  return process.arch === "arm64" ? [`-mcpu=${cpu}`] : [`-march=${cpu}`, "-mprefer-vector-width=512"];
}

/** What this machine's processor can do: a library built for it may not run on another. */
async function processorFeatures(): Promise<string> {
  const model = `${process.arch} ${cpus()[0]?.model ?? ""}`;
  const text = await readFile("/proc/cpuinfo", "utf8").catch(() => "");
  return `${model} ${/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? ""}`;
}
