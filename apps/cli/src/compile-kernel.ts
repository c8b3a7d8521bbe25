import { extname } from "node:path";
import { type Artifact, encodeArtifact, manifestVersion } from "@tilewright/artifact";
import type { Backend, CompiledModule, Target } from "@tilewright/backend";
import { mergeVariants } from "@tilewright/compiler";
import type { Diagnostic } from "@tilewright/diagnostics";
import { type LowerOptions, lower } from "@tilewright/lower";
import { intrinsicsOf, type Schedule } from "@tilewright/schedule";
import { targetFailed } from "./errors.js";
import { fileName } from "./file-names.js";
import type { Io } from "./io.js";
import { type Kernel, scheduleOf, toModule } from "./kernels.js";

export interface CompiledKernel {
  readonly name: string;
  readonly artifact: Artifact;
  /** What the backend wrote: for C the source, else the same as `built`. */
  readonly source: CompiledModule;
  /** What the toolchain made of it. */
  readonly built: CompiledModule;
  /** Of lowering only where the schedule is the author's: nobody can act on those about a schedule that a rule chose. */
  readonly warnings: readonly Diagnostic[];
}

/**
 * One kernel as an artifact: a module with one function, and the same for each of `variants`; an engine takes the one that asks for most of what it has.
 * @throws CompileError SCH, LOW, BE and TC codes · Interrupted
 */
export async function compileKernel(
  kernel: Kernel,
  target: Target,
  io: Pick<Io, "interruptible">,
  variants: readonly Target[] = [],
): Promise<CompiledKernel> {
  const preferred = await compileVariant(kernel, target, io);
  const others = await Promise.all(variants.map((variant) => compileVariant(kernel, variant, io)));
  const demands = ({ built }: CompiledKernel): number => built.features.length;
  const [most, ...rest] = [preferred, ...others]
    .sort((a, b) => demands(b) - demands(a))
    .map(({ artifact }) => artifact);
  return { ...preferred, artifact: mergeVariants([most ?? preferred.artifact, ...rest]) };
}

async function compileVariant(
  kernel: Kernel,
  { backend, toolchain }: Target,
  { interruptible }: Pick<Io, "interruptible">,
): Promise<CompiledKernel> {
  const schedule = scheduleOf(kernel, backend);
  const lowered = lower(toModule(kernel, schedule), loweringFor(backend, schedule));
  const source = checkCompiled(backend.name, backend.compile(lowered.module));
  if (toolchain !== null && toolchain.accepts !== source.format)
    throw targetFailed(backend.name, `it makes ${source.format}`, `${toolchain.accepts}, which its toolchain takes`);
  const built =
    toolchain === null
      ? source
      : checkCompiled(toolchain.name, await interruptible((signal) => toolchain.build(source, { signal })));
  const { format, features, functions } = built;
  const manifest = {
    format: "tilewright-artifact",
    version: manifestVersion(null),
    name: kernel.name,
    modules: [{ format, blob: "module", features, functions }],
    model: null,
  } as const;
  const artifact: Artifact = { manifest, blobs: new Map([["module", built.bytes]]) };
  return {
    name: kernel.name,
    artifact,
    source,
    built,
    warnings: [...ownWarnings(kernel, lowered.diagnostics), ...built.warnings],
  };
}

/** What `lower` must know of a backend, and of the instructions that a schedule names. */
export function loweringFor({ capabilities, passes = [], intrinsics = [] }: Backend, schedule: Schedule): LowerOptions {
  return { capabilities, passes, intrinsics: [...intrinsics, ...intrinsicsOf(schedule)] };
}

/** What a plugin gave, which no compiler has seen. @throws CompileError CLI111 */
export function checkCompiled(name: string, module: CompiledModule): CompiledModule {
  const given: Partial<Record<keyof CompiledModule, unknown>> = Object(module);
  const wrong = [
    typeof given.format === "string" ? [] : ["format"],
    given.bytes instanceof Uint8Array ? [] : ["bytes"],
    given.files instanceof Map ? [] : ["files"],
    (["features", "functions", "warnings"] as const).filter((field) => !Array.isArray(given[field])),
  ].flat();
  if (wrong.length === 0) return module;
  throw targetFailed(name, `a module whose ${wrong.join(", ")} are not what they must be`, "a `CompiledModule`");
}

/** The warnings of lowering that the author of a kernel can act on. */
export function ownWarnings({ schedule }: Kernel, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return schedule === null ? [] : diagnostics;
}

/** Endings of formats that are not called like them; text of a language is `<language>-source`. */
const ENDINGS: Readonly<Record<string, string>> = { "shared-library": "so", "cuda-source": "cu", javascript: "js" };

/** The files of a compiled kernel, all called after it: the artifact, what is in it, and what it was made from. */
export function filesOf({ name, artifact, source, built }: CompiledKernel): ReadonlyMap<string, Uint8Array> {
  const stem = fileName(name);
  const modules = source === built ? [source] : [source, built];
  return new Map([
    [`${stem}.tilewright`, encodeArtifact(artifact)],
    ...modules.flatMap((module) => besides(stem, module)),
    ...modules.map(({ format, bytes }): [string, Uint8Array] => [
      `${stem}.${fileName(ENDINGS[format] ?? format.replace(/-source$/, ""))}`,
      bytes,
    ]),
  ]);
}

/** Further files of a module: called after the kernel, and where endings do not tell them apart also after themselves. */
function besides(stem: string, { files }: CompiledModule): readonly [string, Uint8Array][] {
  const endings = [...files.keys()].map((path) => extname(path));
  const isAlone = (ending: string): boolean =>
    ending !== "" && endings.filter((each) => each.toLowerCase() === ending.toLowerCase()).length === 1;
  return [...files].map(([path, bytes], k) => {
    const ending = endings[k] ?? "";
    return [isAlone(ending) ? `${stem}${ending}` : `${stem}.${fileName(path)}`, bytes];
  });
}
