// What a planted fault is: a copy of a plugin with one thing wrong, and the tests of the kit that must name it.
import type { Device, DeviceBuffer, DeviceDriver, LoadedModule } from "@tilewright/artifact";
import type { Backend, CompiledModule } from "@tilewright/backend";
import type { BackendUnderTest } from "@tilewright/backend-test";
import { type IRModule, type Rules, rewrite } from "@tilewright/ir";

/** A backend with its device, before and after a fault is planted. */
export type Plugin = Pick<BackendUnderTest, "backend" | "device">;

export interface Fault {
  /** What is wrong, as a clause. */
  readonly name: string;
  /** Which plugin is copied: `wasm`, the same with an `instruction`, or the interpreter with threads, shared memory and everything else. */
  readonly copyOf: "wasm" | "instruction" | "interpreter";
  /** Matches the name of a test that fails: the one that says what is wrong. */
  readonly claim: RegExp;
  plant(plugin: Plugin): Plugin;
}

/** Code generated from another module than the one that was given. */
export function miscompiling(change: (module: IRModule) => IRModule): (plugin: Plugin) => Plugin {
  return ({ backend, device }) => ({
    backend: { ...backend, compile: (module) => backend.compile(change(module)) },
    device,
  });
}

/** Code in which nodes of some kinds stand for others. */
export const misreading = (rules: Rules): ((plugin: Plugin) => Plugin) =>
  miscompiling((module) => rewrite(module, rules));

/** Another result of the compilation. */
export function relabelling(
  change: (compiled: CompiledModule, module: IRModule) => CompiledModule,
): (plugin: Plugin) => Plugin {
  return ({ backend, device }) => ({
    backend: { ...backend, compile: (module) => change(backend.compile(module), module) },
    device,
  });
}

export const withBackend = (change: (backend: Backend) => Backend): ((plugin: Plugin) => Plugin) => {
  return ({ backend, device }) => ({ backend: change(backend), device });
};

/** A driver whose devices have other methods. */
export function misbehaving(change: (device: Device) => Partial<Device>): (plugin: Plugin) => Plugin {
  return ({ backend, device }) => ({ backend, device: wrapDriver(device, change) });
}

export function wrapDriver(driver: DeviceDriver, change: (device: Device) => Partial<Device>): DeviceDriver {
  return { ...driver, open: async (options) => wrapDevice(await driver.open(options), change) };
}

/** A device that is another one but for some methods; getters stay alive. */
function wrapDevice(device: Device, change: (device: Device) => Partial<Device>): Device {
  const own = change(device);
  return new Proxy(device, {
    get(target, key) {
      if (Object.hasOwn(own, key)) return Reflect.get(own, key);
      const value = Reflect.get(target, key, target) as unknown;
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The methods of a loaded module with another launch. */
export function relaunching(change: (loaded: LoadedModule) => LoadedModule["launch"]): (plugin: Plugin) => Plugin {
  return misbehaving((device) => ({
    load: async (entry, blob) => {
      const loaded = await device.load(entry, blob);
      return { launch: change(loaded), close: () => loaded.close() };
    },
  }));
}

export type { DeviceBuffer };
