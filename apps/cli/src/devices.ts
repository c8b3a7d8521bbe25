import type { Artifact, Device, DeviceDriver, ModuleEntry } from "@tilewright/artifact";
import type { TargetOptions } from "@tilewright/backend";
import { BUILT_IN_TARGETS, TARGET_OF_FORMAT } from "./built-in-targets.js";
import { unknownFormats } from "./errors.js";
import { driverOf } from "./find-target.js";
import { loadTarget, type TargetSources } from "./load-target.js";

/**
 * The drivers of an artifact's devices: that of the target, then those of built-in targets for functions that are left.
 * @param target  null: built-in ones alone
 * @throws CompileError CLI112 for modules that need a target with a name; what `loadTarget` and `driverOf` throw
 */
export async function driversFor(
  file: string,
  { manifest: { modules } }: Artifact,
  target: string | null,
  { threads }: TargetOptions,
  sources: TargetSources,
): Promise<readonly DeviceDriver[]> {
  const isShared = modules.every(({ features }) => features.includes("threads"));
  const options = { threads: isShared ? Math.max(2, threads) : threads };
  const drivers = target === null ? [] : [await driverOf(await loadTarget(target, sources), options)];
  const formats = new Set(drivers.flatMap(({ accepts }) => accepts));
  for (const { format } of modules) {
    const name = TARGET_OF_FORMAT[format];
    if (name === undefined || !formatsLeft(modules, formats).includes(format)) continue;
    drivers.push(await driverOf({ name, plugin: BUILT_IN_TARGETS[name] }, options));
    formats.add(format);
  }
  const left = formatsLeft(modules, formats);
  if (left.length > 0) throw unknownFormats(file, left, await targetsFor(left, options, sources));
  return drivers;
}

/** Formats of the modules with functions that none of the formats has. */
function formatsLeft(modules: readonly ModuleEntry[], formats: ReadonlySet<string>): readonly string[] {
  const held = new Set(
    modules.filter(({ format }) => formats.has(format)).flatMap(({ functions }) => functions.map(({ name }) => name)),
  );
  const left = modules.filter(({ functions }) => functions.some(({ name }) => !held.has(name)));
  return [...new Set(left.map(({ format }) => format))];
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
      const { accepts } = await driverOf(await loadTarget(name, sources), options);
      if (accepts.some((format) => formats.includes(format))) names.push(name);
    } catch {
      // `tilewright targets` says what is wrong with it
    }
  }
  return names;
}

/** Opens devices for some work, all or none, and closes them after it. */
export async function onDevices<T>(
  drivers: readonly Pick<DeviceDriver, "open">[],
  work: (devices: readonly Device[]) => Promise<T>,
): Promise<T> {
  const devices: Device[] = [];
  try {
    for (const driver of drivers) devices.push(await driver.open());
    return await work(devices);
  } finally {
    for (const device of devices) await device.close();
  }
}
