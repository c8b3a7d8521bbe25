import type {
  Artifact,
  Device,
  FunctionEntry,
  LaunchArgument,
  LaunchOptions,
  LoadedModule,
  ModuleEntry,
} from "@tilewright/artifact";
import { noVariant, unknownFunction } from "./errors.js";

/** The functions of an artifact in a device. */
export interface LoadedFunctions {
  readonly entries: ReadonlyMap<string, FunctionEntry>;
  launch(name: string, args: readonly LaunchArgument[], options?: LaunchOptions): Promise<void>;
  close(): Promise<void>;
}

/** Of the modules that hold a function, the first that the device can run is taken. @throws CompileError `RT107` there is none */
export async function loadModules({ manifest, blobs }: Artifact, device: Device): Promise<LoadedFunctions> {
  const names = new Set(manifest.modules.flatMap(({ functions }) => functions.map(({ name }) => name)));
  const usable = manifest.modules.filter((entry) => canRun(entry, device));
  const chosen = new Set<ModuleEntry>();
  const owners = new Map<string, ModuleEntry>();
  for (const name of names) {
    const entry = usable.find(({ functions }) => functions.some((func) => func.name === name));
    if (entry === undefined) throw noVariant(device.name, [...device.features], manifest.modules.map(describe));
    chosen.add(entry);
    owners.set(name, entry);
  }
  const modules = new Map<ModuleEntry, LoadedModule>();
  try {
    for (const entry of chosen) modules.set(entry, await device.load(entry, blobs.get(entry.blob) ?? new Uint8Array()));
  } catch (error) {
    for (const module of modules.values()) await module.close();
    throw error;
  }
  const entries = new Map(
    [...owners].flatMap(([name, { functions }]) =>
      functions.filter((func) => func.name === name).map((func) => [name, func]),
    ),
  );
  return {
    entries,
    launch: async (name, args, options) => {
      const owner = owners.get(name);
      const module = owner === undefined ? undefined : modules.get(owner);
      if (module === undefined) throw unknownFunction(name, [...owners.keys()]);
      await module.launch(name, args, options);
    },
    close: async () => {
      for (const module of modules.values()) await module.close();
    },
  };
}

function canRun(entry: ModuleEntry, device: Device): boolean {
  const accepted = device.accepts?.includes(entry.format) ?? true;
  return (
    accepted && entry.features.every((feature) => device.features.has(feature)) && (device.supports?.(entry) ?? true)
  );
}

function describe({ format, features }: ModuleEntry): string {
  return `${format} (${features.join(", ") || "no features"})`;
}
