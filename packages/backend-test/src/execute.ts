import type {
  Device,
  DeviceBuffer,
  DeviceDriver,
  LaunchArgument,
  LoadedModule,
  ModuleEntry,
} from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { TypedArray } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { splitLaunches } from "@tilewright/lower";
import { copyMemory, type Memory } from "./memory.js";
import type { Subject } from "./subject.js";
import { moduleOf, type Trial } from "./trial.js";

/** `device`: functions are compiled as they stand, but that kernels of a target with launches become launches. `scheduled`: they are lowered. */
export type Entrance = "device" | "scheduled";

/** Lowers if need be, compiles and builds. */
export async function compileFunctions(
  subject: Subject,
  functions: readonly PrimFunc[],
  entrance: Entrance,
): Promise<CompiledModule> {
  const { backend, toolchain } = subject;
  const module = entrance === "device" ? deviceModule(subject, functions) : loweredModule(subject, functions);
  const compiled = backend.compile(module);
  return toolchain === null ? compiled : toolchain.build(compiled);
}

/** Functions at the device level as they stand; kernels of targets with launches become launches. */
export function deviceModule({ capabilities }: Subject, functions: readonly PrimFunc[]): IRModule {
  return splitLaunches.run(moduleOf(functions), { capabilities, report: () => {} });
}

/** Functions as the pipeline with the backend's passes makes them. */
export function loweredModule({ backend, lower, capabilities }: Subject, functions: readonly PrimFunc[]): IRModule {
  const { passes = [], intrinsics = [] } = backend;
  return lower(moduleOf(functions), { capabilities, passes, intrinsics, verify: true }).module;
}

export const entryOf = ({ format, features, functions }: CompiledModule): ModuleEntry => ({
  format,
  blob: "module",
  features,
  functions,
});

/** Opens a device, and closes it in the end. */
export async function withDevice<T>(driver: DeviceDriver, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await driver.open();
  try {
    return await use(device);
  } finally {
    await device.close();
  }
}

/** Loads a module, and closes it in the end. */
export async function withModule<T>(
  device: Device,
  compiled: CompiledModule,
  use: (loaded: LoadedModule) => Promise<T>,
): Promise<T> {
  const loaded = await device.load(entryOf(compiled), compiled.bytes);
  try {
    return await use(loaded);
  } finally {
    await loaded.close();
  }
}

/** Runs a trial on copies of its arrays, and returns what they became. */
export async function runTrial(device: Device, loaded: LoadedModule, trial: Trial): Promise<Memory> {
  const { func, scalars = {} } = trial;
  const memory = copyMemory(trial.memory);
  const arrays = Object.values(memory);
  const buffers = new Map<ArrayBufferLike, DeviceBuffer>();
  try {
    for (const { buffer } of arrays) {
      if (buffers.has(buffer)) continue;
      const made = device.allocate(buffer.byteLength);
      buffers.set(buffer, made);
      await device.write(made, new Uint8Array(buffer));
    }
    const argumentOf = (name: string): LaunchArgument => {
      const array = memory[name];
      if (array !== undefined) return placeOf(array, buffers);
      const scalar = scalars[name] ?? 0;
      return typeof scalar === "boolean" ? Number(scalar) : scalar;
    };
    await loaded.launch(
      func.name,
      func.parameters.map(({ name }) => argumentOf(name)),
    );
    await device.synchronize();
    for (const [buffer, made] of buffers) new Uint8Array(buffer).set(await device.read(made));
    return memory;
  } finally {
    for (const made of buffers.values()) device.free(made);
  }
}

function placeOf(array: TypedArray, buffers: ReadonlyMap<ArrayBufferLike, DeviceBuffer>): LaunchArgument {
  const buffer = buffers.get(array.buffer) as DeviceBuffer;
  const { byteOffset, byteLength } = array;
  return byteLength === array.buffer.byteLength ? buffer : { buffer, byteOffset, byteLength };
}
