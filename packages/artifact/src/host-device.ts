import { CompileError } from "@tilewright/diagnostics";
import { defineDevice } from "./define-device.js";
import { DEVICE_SPEC_VERSION, type Device, type DeviceBuffer, type DeviceDriver, type DeviceSlice, type LaunchArgument, type LoadedModule } from "./device.js"; // biome-ignore format: a list
import { ELEMENT_BYTES } from "./element-bytes.js";
import { misuse } from "./errors.js";
import type { FunctionEntry, ModuleEntry, ModuleFormat, ParameterEntry } from "./manifest.js";

/** The bytes of a buffer, or a scalar. */
export type HostArgument = Uint8Array | number | bigint;

/** A function of a loaded module: takes its parameters in order. */
export type HostFunction = (...args: HostArgument[]) => void | Promise<void>;

/** What a device in this process's own memory still needs. */
export interface HostDeviceDefinition {
  readonly name: string;
  readonly accepts: readonly ModuleFormat[];
  /** None unless told. */
  readonly features?: readonly string[];
  /** The functions of a module, by name. */
  load(
    entry: ModuleEntry,
    blob: Uint8Array,
  ): ReadonlyMap<string, HostFunction> | Promise<ReadonlyMap<string, HostFunction>>;
}

/**
 * A driver whose devices keep their buffers in the memory of this process: interpreters, simulators, code that runs in JavaScript. Each
 * buffer starts at a multiple of 8 bytes. What a launch is given is checked against the module's entry before `load`'s function sees it.
 * @throws CompileError `AR106` a definition that does not hold what it must; the devices: `AR108` what is closed, freed or does not fit
 */
export function defineHostDevice(definition: HostDeviceDefinition): DeviceDriver {
  const { name, accepts } = definition;
  return defineDevice({
    specVersion: DEVICE_SPEC_VERSION,
    name,
    accepts,
    open: async () => new HostDevice(definition),
  });
}

class HostDevice implements Device {
  readonly name: string;
  readonly accepts: readonly ModuleFormat[];
  readonly features: ReadonlySet<string>;
  readonly #memory = new Map<DeviceBuffer, Uint8Array>();
  readonly #load: HostDeviceDefinition["load"];
  #isOpen = true;

  constructor({ name, accepts, features = [], load }: HostDeviceDefinition) {
    this.name = name;
    this.accepts = accepts;
    this.features = new Set(features);
    this.#load = load;
  }

  get allocatedBytes(): number {
    return [...this.#memory.values()].reduce((sum, { length }) => sum + length, 0);
  }

  allocate(byteLength: number): DeviceBuffer {
    this.#checkOpen();
    if (!Number.isSafeInteger(byteLength) || byteLength < 0)
      this.#refuse(`a size of ${byteLength}`, "an integer of at least 0");
    const buffer = { byteLength };
    this.#memory.set(buffer, this.#bytes(byteLength));
    return buffer;
  }

  #bytes(byteLength: number): Uint8Array {
    try {
      return new Uint8Array(byteLength);
    } catch {
      return this.#refuse(`a size of ${byteLength}`, "a size that the engine can allocate");
    }
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#isOpen) return;
    this.view(buffer);
    this.#memory.delete(buffer);
  }

  async write(buffer: DeviceBuffer, data: Uint8Array, byteOffset = 0): Promise<void> {
    this.#part({ buffer, byteOffset, byteLength: data.length }).set(data);
  }

  async read(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    return this.#part({ buffer, byteOffset, byteLength }).slice();
  }

  view(buffer: DeviceBuffer): Uint8Array {
    this.#checkOpen();
    return this.#memory.get(buffer) ?? this.#refuse("a buffer that was freed", "a buffer that it allocated");
  }

  async load(entry: ModuleEntry, blob: Uint8Array): Promise<LoadedModule> {
    this.#checkOpen();
    let functions: ReadonlyMap<string, HostFunction> | null = await this.#load(entry, blob);
    return {
      launch: async (name, args, { signal } = {}) => {
        this.#checkOpen();
        if (functions === null) this.#refuse("a module that was closed", "one that is open");
        const run = functions?.get(name);
        const known = entry.functions.find((each) => each.name === name);
        if (run === undefined || known === undefined)
          return this.#refuse(`the function \`${name}\``, entry.functions.map((each) => each.name).join(", "));
        const values = this.#values(known, args);
        signal?.throwIfAborted();
        await run(...values);
      },
      close: async () => {
        functions = null;
      },
    };
  }

  async synchronize(): Promise<void> {
    this.#checkOpen();
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#memory.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #values({ name, parameters }: FunctionEntry, args: readonly LaunchArgument[]): readonly HostArgument[] {
    if (args.length !== parameters.length)
      this.#refuse(`${args.length} arguments for \`${name}\``, `${parameters.length}`);
    return parameters.map((each, k) => this.#value(each, args[k]));
  }

  #value(parameter: ParameterEntry, given: LaunchArgument | undefined): HostArgument {
    const { kind, name, dtype } = parameter;
    if (typeof given === "number" || typeof given === "bigint")
      return kind === "scalar" ? given : this.#refuse(`${given} for \`${name}\``, "a buffer, or a part of one");
    if (given === undefined || kind === "scalar")
      return this.#refuse(`no number for \`${name}\``, "a number or bigint");
    const bytes = "buffer" in given ? this.#part(given) : this.view(given);
    const elements = parameter.shape.reduce((product, extent) => product * extent, 1);
    const least = parameter.shape.includes(-1) ? 0 : elements * ELEMENT_BYTES[dtype];
    return bytes.length >= least ? bytes : this.#refuse(`${bytes.length} bytes for \`${name}\``, `${least} bytes`);
  }

  #part({ buffer, byteOffset, byteLength }: DeviceSlice): Uint8Array {
    const bytes = this.view(buffer);
    const end = byteOffset + byteLength;
    const isInside = [byteOffset, byteLength].every((count) => Number.isSafeInteger(count) && count >= 0);
    return isInside && end <= bytes.length
      ? bytes.subarray(byteOffset, end)
      : this.#refuse(`bytes ${byteOffset} to ${end} of a buffer`, `bytes from 0 to ${bytes.length}`);
  }

  #checkOpen(): void {
    if (!this.#isOpen) this.#refuse("work after it was closed", "none");
  }

  #refuse(what: string, expected: string): never {
    throw new CompileError(misuse(this.name, what, expected));
  }
}
