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

/** A function of an artifact in a device. */
export interface LoadedFunction {
  readonly entry: FunctionEntry;
  /** By its position. */
  readonly device: number;
  launch(args: readonly LaunchArgument[], options?: LaunchOptions): Promise<void>;
}

/** The functions of an artifact in devices. */
export interface LoadedFunctions {
  readonly functions: ReadonlyMap<string, LoadedFunction>;
  /** @throws CompileError `RT105` */
  find(name: string): LoadedFunction;
  close(): Promise<void>;
}

/** A module in one device. */
interface Choice {
  readonly entry: ModuleEntry;
  readonly device: number;
}

/**
 * A function runs on the first device that can run a module with it, and of those modules in the first.
 * `wanted`: names of functions; all unless told.
 * @throws CompileError `RT107` there is none for a function · `RT111` a module that the device refuses
 */
export async function loadModules(
  { manifest, blobs }: Artifact,
  devices: readonly Device[],
  wanted?: readonly string[],
): Promise<LoadedFunctions> {
  const { modules } = manifest;
  const usable = devices.flatMap((device, position) =>
    modules.filter((entry) => canRun(entry, device)).map((entry): Choice => ({ entry, device: position })),
  );
  const holders = new Map<string, Choice & { readonly func: FunctionEntry }>();
  for (const choice of usable)
    for (const func of choice.entry.functions) if (!holders.has(func.name)) holders.set(func.name, { ...choice, func });
  const names = wanted ?? modules.flatMap(({ functions }) => functions.map(({ name }) => name));
  for (const name of names) if (!holders.has(name)) throw noVariant(name, devices, modules);
  const loaded = new Map<string, LoadedModule>();
  const close = async (): Promise<void> => {
    for (const module of loaded.values()) await module.close();
  };
  const keyOf = ({ entry, device }: Choice): string => `${modules.indexOf(entry)} ${device}`;
  const functions = new Map<string, LoadedFunction>();
  try {
    for (const name of new Set(names)) {
      const { func, ...choice } = holders.get(name) as Choice & { readonly func: FunctionEntry };
      const { entry, device } = choice;
      const key = keyOf(choice);
      const module =
        loaded.get(key) ?? (await (devices[device] as Device).load(entry, blobs.get(entry.blob) ?? new Uint8Array()));
      loaded.set(key, module);
      functions.set(name, { entry: func, device, launch: (args, options) => module.launch(name, args, options) });
    }
  } catch (error) {
    await close();
    throw error;
  }
  const find = (name: string): LoadedFunction => {
    const found = functions.get(name);
    if (found === undefined) throw unknownFunction(name, [...functions.keys()]);
    return found;
  };
  return { functions, find, close };
}

function canRun(entry: ModuleEntry, device: Device): boolean {
  const accepted = device.accepts?.includes(entry.format) ?? true;
  return (
    accepted && entry.features.every((feature) => device.features.has(feature)) && (device.supports?.(entry) ?? true)
  );
}
