import type { Artifact, Device } from "@tilewright/artifact";
import type { TargetOptions } from "@tilewright/backend";
import { BUILT_IN_TARGETS, TARGET_OF_FORMAT } from "./built-in-targets.js";
import { unknownFormats } from "./errors.js";
import { openDevice } from "./find-target.js";
import { type LoadedTarget, loadTarget, type TargetSources } from "./load-target.js";

/** Who runs an artifact. */
export interface Runner {
  /** Of the target. */
  readonly name: string;
  open(): Promise<Device>;
}

/**
 * The device of a target, or without one that of the built-in target for whose device the artifact has a module.
 * @throws CompileError CLI112 for modules that need a target with a name; what `loadTarget` throws
 */
export async function deviceFor(
  file: string,
  { manifest }: Artifact,
  target: string | undefined,
  { threads }: TargetOptions,
  sources: TargetSources,
): Promise<Runner> {
  const shared = manifest.modules.every(({ features }) => features.includes("threads"));
  const options = { threads: shared ? Math.max(2, threads) : threads };
  const runner = (loaded: LoadedTarget): Runner => ({ name: loaded.name, open: () => openDevice(loaded, options) });
  if (target !== undefined) return runner(await loadTarget(target, sources));
  const formats = [...new Set(manifest.modules.map(({ format }) => format))];
  const format = formats.find((each) => Object.hasOwn(TARGET_OF_FORMAT, each));
  const name = format === undefined ? undefined : TARGET_OF_FORMAT[format];
  if (name === undefined) throw unknownFormats(file, formats, await targetsFor(formats, options, sources));
  return runner({ name, plugin: BUILT_IN_TARGETS[name] });
}

/** Installed targets whose devices take one of the formats. Those that do not load take none. */
async function targetsFor(
  formats: readonly string[],
  options: TargetOptions,
  sources: TargetSources,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name } of await sources.installed()) {
    try {
      const { plugin } = await loadTarget(name, sources);
      const driver = await plugin.device?.(options);
      if (driver?.accepts.some((format) => formats.includes(format))) names.push(name);
    } catch {
      // `tilewright targets` says what is wrong with it
    }
  }
  return names;
}
