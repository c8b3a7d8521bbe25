import {
  type Backend, type BackendDefinition, checkBackend, checkTarget, defineBackend, type TargetOptions, type TargetPlugin, toCapabilities,
} from "@tilewright/backend"; // biome-ignore format: a list
import { isCompileError } from "@tilewright/diagnostics";
import { BUILT_IN_TARGETS } from "./built-in-targets.js";
import { closeNames } from "./close-names.js";
import { noSuchTarget, noTarget, targetFailed, unreadable } from "./errors.js";
import { finishing, PATIENCE_SECONDS } from "./finishing.js";
import { Interrupted } from "./interrupt.js";
import { type Io, UsageError } from "./io.js";
import { TARGET_NAMES } from "./target-names.js";

/** A target as it was asked for. */
export interface LoadedTarget {
  /** A built-in name, the name of a package, or a path. */
  readonly name: string;
  readonly plugin: TargetPlugin;
}

export type TargetSources = Pick<Io, "importModule" | "importPackage" | "installed">;

/**
 * The target of a name: built in, what a package exports as `target`, or what a file does, whose path begins with a dot or is absolute.
 * @throws CompileError CLI101 a module that does not load · CLI109 no such name · CLI110 a module without a target · BE106 · BE107
 */
export async function loadTarget(name: string, sources: TargetSources): Promise<LoadedTarget> {
  if (Object.hasOwn(BUILT_IN_TARGETS, name))
    return { name, plugin: BUILT_IN_TARGETS[name as keyof typeof BUILT_IN_TARGETS] };
  const load = async () => (isPath(name) ? sources.importModule(name) : sources.importPackage(name));
  const late = (why: string) => unreadable(name, why);
  const exports = await finishing(late, load, PATIENCE_SECONDS).catch((error: unknown) => {
    throw isCompileError(error) ? error : unreadable(name, error);
  });
  if (exports === null) {
    const names = [...TARGET_NAMES, ...(await sources.installed()).map((each) => each.name)];
    const meant = /\.[cm]?[jt]s$/.test(name) ? [`./${name}`] : closeNames(name, names);
    throw noSuchTarget(name, TARGET_NAMES, meant);
  }
  const { target } = exports;
  if (target === undefined) throw noTarget(name, Object.keys(exports));
  return onBehalfOf({ name }, () => {
    checkTarget(target);
    return { name, plugin: target };
  });
}

const isPath = (name: string): boolean => /^(\.{1,2}($|[\\/])|[\\/]|[A-Za-z]:[\\/]|file:)/.test(name);

/**
 * Does what calls into a target. What a built-in one throws is a fault of ours; what another throws, other than diagnostics, is its own,
 * and so is that it never finishes.
 * @param seconds  that another may take; without end unless told
 * @throws CompileError CLI111
 */
export async function onBehalfOf<T>(
  { name }: Pick<LoadedTarget, "name">,
  work: () => T | Promise<T>,
  seconds?: number,
): Promise<T> {
  if (Object.hasOwn(BUILT_IN_TARGETS, name)) return work();
  try {
    return await finishing((why) => targetFailed(name, why), work, seconds);
  } catch (error) {
    const told = isCompileError(error) || error instanceof UsageError || error instanceof Interrupted;
    throw told ? error : targetFailed(name, error);
  }
}

/** The backend of a target; one that is only a definition is defined. @throws CompileError BE106 · BE107 · BE108; what the target throws */
export function backendOf({ plugin }: LoadedTarget, options: TargetOptions): Backend {
  const backend: BackendDefinition = plugin.backend(options);
  checkBackend(backend);
  const fields = Object.keys(toCapabilities({ dtypes: {} }));
  return fields.every((field) => field in backend.capabilities) ? (backend as Backend) : defineBackend(backend);
}
