import { extname } from "node:path";
import { ARTIFACT_VERSION, type Artifact, encodeArtifact } from "@tilewright/artifact";
import type { CompiledModule, Target } from "@tilewright/backend";
import { mergeVariants } from "@tilewright/compiler";
import type { Diagnostic } from "@tilewright/diagnostics";
import { lower } from "@tilewright/lower";
import { intrinsicsOf } from "@tilewright/schedule";
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
 * One kernel as an artifact: a module with one function, and the same for each of `fallbacks`, which engines with fewer features run.
 * @throws CompileError SCH, LOW, BE and TC codes · Interrupted
 */
export async function compileKernel(
  kernel: Kernel,
  target: Target,
  io: Pick<Io, "interruptible">,
  fallbacks: readonly Target[] = [],
): Promise<CompiledKernel> {
  const preferred = await compileVariant(kernel, target, io);
  if (fallbacks.length === 0) return preferred;
  const others = await Promise.all(fallbacks.map((fallback) => compileVariant(kernel, fallback, io)));
  return { ...preferred, artifact: mergeVariants([preferred.artifact, ...others.map(({ artifact }) => artifact)]) };
}

async function compileVariant(
  kernel: Kernel,
  { backend, toolchain }: Target,
  { interruptible }: Pick<Io, "interruptible">,
): Promise<CompiledKernel> {
  const { capabilities, passes = [] } = backend;
  const schedule = scheduleOf(kernel, capabilities);
  const lowered = lower(toModule(kernel, schedule), { capabilities, passes, intrinsics: intrinsicsOf(schedule) });
  const source = backend.compile(lowered.module);
  const built = toolchain === null ? source : await interruptible((signal) => toolchain.build(source, { signal }));
  const { format, features, functions } = built;
  const manifest = {
    format: "tilewright-artifact",
    version: ARTIFACT_VERSION,
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

/** The warnings of lowering that the author of a kernel can act on. */
export function ownWarnings({ schedule }: Kernel, diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return schedule === null ? [] : diagnostics;
}

const ENDINGS: Readonly<Record<string, string>> = { wasm: "wasm", "c-source": "c", "shared-library": "so" };

/** The files of a compiled kernel, all called after it: the artifact, what is in it, and what it was made from. */
export function filesOf({ name, artifact, source, built }: CompiledKernel): ReadonlyMap<string, Uint8Array> {
  const stem = fileName(name);
  const named = (module: CompiledModule): [string, Uint8Array] => [
    `${stem}.${ENDINGS[module.format] ?? module.format}`,
    module.bytes,
  ];
  const beside = ({ files }: CompiledModule): [string, Uint8Array][] =>
    [...files].map(([path, bytes]) => [`${stem}${extname(path)}`, bytes]);
  return new Map([
    [`${stem}.tilewright`, encodeArtifact(artifact)],
    ...beside(source),
    ...beside(built),
    named(source),
    named(built),
  ]);
}
