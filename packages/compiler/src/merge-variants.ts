import type { Artifact, ModelEntry, ModuleEntry } from "@tilewright/artifact";
import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import { differentVariants } from "./errors.js";

/**
 * One artifact of several that were compiled from the same program for engines with more and with fewer features, the preferred one first:
 * the runtime takes the first that it can run. Weights, initial states and modules that are alike are held once. Programs must be alike, call by call.
 *
 * @throws CompileError CO110 artifacts that differ in more than their modules
 */
export function mergeVariants(variants: readonly [Artifact, ...Artifact[]]): Artifact {
  const span = callSite(mergeVariants);
  const [first] = variants;
  const blobs = new Map<string, Uint8Array>();
  const modules: ModuleEntry[] = [];
  for (const [number, { manifest, blobs: own }] of variants.entries()) {
    const held = new Set(manifest.modules.map(({ blob }) => blob));
    for (const [name, bytes] of own) {
      if (held.has(name)) continue;
      const known = blobs.get(name);
      if (known !== undefined && !sameBytes(known, bytes))
        throw new CompileError(differentVariants(`the bytes of \`${name}\``, span));
      blobs.set(name, bytes);
    }
    for (const entry of manifest.modules) {
      const bytes = own.get(entry.blob) ?? new Uint8Array();
      if (modules.some((module) => sameModule(module, entry) && sameBytes(blobs.get(module.blob), bytes))) continue;
      const blob = number === 0 ? entry.blob : `variant-${number}-${entry.blob}`;
      blobs.set(blob, bytes);
      modules.push({ ...entry, blob });
    }
  }
  const models = variants.map(({ manifest }) => manifest.model);
  return { manifest: { ...first.manifest, modules, model: mergeModels(models, span) }, blobs };
}

/** Arenas, and what is prepared behind the weights, are laid out by each module for itself: the largest holds them all. All else is equal. */
function mergeModels(models: readonly (ModelEntry | null)[], span: Span): ModelEntry | null {
  const [first = null] = models;
  const outside = (model: ModelEntry | null): string =>
    JSON.stringify(model === null ? null : { ...model, arenaBytes: 0, weightsBytes: 0, program: null });
  const program = (model: ModelEntry | null): string => JSON.stringify(model?.program ?? null);
  for (const model of models) {
    if (program(model) !== program(first)) throw new CompileError(differentVariants("the program", span));
    if (outside(model) !== outside(first)) throw new CompileError(differentVariants("the model", span));
  }
  const most = (bytes: "arenaBytes" | "weightsBytes"): number =>
    Math.max(...models.map((model) => model?.[bytes] ?? 0));
  return first === null ? null : { ...first, arenaBytes: most("arenaBytes"), weightsBytes: most("weightsBytes") };
}

function sameModule(a: ModuleEntry, b: ModuleEntry): boolean {
  return JSON.stringify({ ...a, blob: "" }) === JSON.stringify({ ...b, blob: "" });
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, k) => byte === b[k]);
}
