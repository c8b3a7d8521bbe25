import {
  type Device, type DeviceBuffer, type DeviceDriver, DEVICE_SPEC_VERSION, defineDevice, type ElementType, type FunctionEntry, type LaunchArgument,
  type LaunchOptions, type LoadedModule, type ModuleEntry, type ParameterEntry,
} from "@tilewright/artifact"; // biome-ignore format: a list
import {
  aborted,
  badModule,
  badOption,
  disposed,
  outOfRange,
  runFailed,
  unknownFunction,
  wrongArgument,
  wrongArgumentCount,
} from "./errors.js";
import { HostMemory } from "./host-memory.js";
import { type Library, loadLibrary, type NativeFunction } from "./library.js";

export interface NativeDeviceOptions {
  /** Threads that run parallel loops, the caller among them, in modules compiled with a pool. Default 1. */
  readonly threads?: number;
}

/** This machine's processor: modules are shared libraries, memory is this process's own. Computes on the calling thread. */
export const nativeDevice: DeviceDriver<NativeDeviceOptions> = /* @__PURE__ */ defineDevice<NativeDeviceOptions>({
  specVersion: DEVICE_SPEC_VERSION,
  name: "native",
  accepts: ["shared-library"],
  open: async (options) => new NativeDevice(options),
});

const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  bool: 1, int8: 1, int16: 2, int32: 4, int64: 8, uint8: 1, uint16: 2, uint32: 4, uint64: 8, float16: 2, bfloat16: 2, float32: 4, float64: 8,
}; // biome-ignore format: one glance

/** A function ready to be called. */
interface Callable {
  readonly entry: FunctionEntry;
  readonly call: NativeFunction;
  /** Bytes that each buffer must hold; 0 where the size is not known before the call. */
  readonly bytes: readonly number[];
}

export class NativeDevice implements Device {
  readonly name = "native";
  readonly accepts = ["shared-library"];
  /** The system and processor kind that libraries must be built for. */
  readonly features: ReadonlySet<string> = new Set([`${process.platform}-${process.arch}`]);
  readonly threads: number;
  readonly #memory = new HostMemory();
  /** Scratch memory, apart from what callers allocate. */
  readonly #scratch = new HostMemory();
  readonly #libraries = new Set<Library>();
  #workspace: DeviceBuffer | undefined;
  #closed = false;

  /** @throws CompileError `RT114` */
  constructor({ threads = 1 }: NativeDeviceOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1 || threads > 256)
      throw badOption("threads", "an integer from 1 to 256", String(threads));
    this.threads = threads;
  }

  get allocatedBytes(): number {
    return this.#memory.allocatedBytes;
  }

  allocate(byteLength: number): DeviceBuffer {
    this.#checkOpen();
    return this.#memory.allocate(byteLength);
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#closed) this.#memory.free(buffer);
  }

  view(buffer: DeviceBuffer): Uint8Array {
    this.#checkOpen();
    return this.#memory.bytes(buffer);
  }

  async write(buffer: DeviceBuffer, data: Uint8Array, byteOffset = 0): Promise<void> {
    this.#checkOpen();
    this.#memory.bytes(buffer, byteOffset, data.length).set(data);
  }

  async read(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    this.#checkOpen();
    return this.#memory.bytes(buffer, byteOffset, byteLength).slice();
  }

  /** @throws CompileError `RT111` a library that does not load, or lacks a function of the manifest */
  async load(entry: ModuleEntry, blob: Uint8Array): Promise<LoadedModule> {
    this.#checkOpen();
    if (entry.format !== "shared-library") throw badModule(`a module of format \`${entry.format}\``);
    const library = await loadLibrary(blob, this.threads);
    try {
      const functions = new Map(entry.functions.map((func) => [func.name, callable(library, func)]));
      this.#needWorkspace(entry.functions.reduce((most, { workspaceBytes }) => Math.max(most, workspaceBytes), 0));
      this.#libraries.add(library);
      return this.#loaded(library, functions);
    } catch (error) {
      library.close();
      throw error;
    }
  }

  async synchronize(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const library of this.#libraries) library.close();
    this.#libraries.clear();
    this.#memory.clear();
    this.#scratch.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #loaded(library: Library, functions: ReadonlyMap<string, Callable>): LoadedModule {
    return {
      launch: async (name, args, options) => {
        if (!this.#libraries.has(library)) throw disposed("the module");
        const found = functions.get(name);
        if (found === undefined) throw unknownFunction(name, [...functions.keys()]);
        this.#launch(found, args, options);
        const failure = library.takeFailure();
        if (failure !== null) throw runFailed(name, failure);
      },
      close: async () => {
        if (this.#libraries.delete(library)) library.close();
      },
    };
  }

  #launch({ entry, call, bytes }: Callable, args: readonly LaunchArgument[], options: LaunchOptions | undefined): void {
    this.#checkOpen();
    const { name, parameters } = entry;
    if (args.length !== parameters.length) throw wrongArgumentCount(name, parameters.length, args.length);
    if (options?.signal?.aborted) throw aborted(name, options.signal.reason);
    const values: (number | bigint)[] = args.map((argument, position) => {
      const parameter = parameters[position] as ParameterEntry;
      const place = `\`${parameter.name}\` of \`${name}\``;
      return parameter.kind === "buffer"
        ? this.#address(argument, bytes[position] ?? 0, place)
        : scalar(argument, parameter.dtype, place);
    });
    const workspace = this.#workspace;
    values.push(workspace === undefined ? 0n : this.#scratch.address(workspace, 0, 0));
    call(...values);
  }

  /** Where an argument lies; it must hold what the function may touch. */
  #address(argument: LaunchArgument, bytes: number, place: string): bigint {
    if (typeof argument !== "object") throw wrongArgument(place, "memory of the device", typeof argument);
    const slice =
      "buffer" in argument ? argument : { buffer: argument, byteOffset: 0, byteLength: argument.byteLength };
    if (slice.byteLength < bytes) throw outOfRange(place, `at least ${bytes} bytes`, `${slice.byteLength}`);
    return this.#memory.address(slice.buffer, slice.byteOffset, slice.byteLength);
  }

  #needWorkspace(bytes: number): void {
    if (bytes === 0 || (this.#workspace !== undefined && this.#workspace.byteLength >= bytes)) return;
    const larger = this.#scratch.allocate(bytes); // when memory ends, the one before stays
    if (this.#workspace !== undefined) this.#scratch.free(this.#workspace);
    this.#workspace = larger;
  }

  #checkOpen(): void {
    if (this.#closed) throw disposed("the device");
  }
}

function callable(library: Library, entry: FunctionEntry): Callable {
  const bytes = entry.parameters.map((parameter) => {
    if (parameter.kind === "scalar" || parameter.shape.some((extent) => extent < 0)) return 0;
    return parameter.shape.reduce((count, extent) => count * extent, 1) * ELEMENT_BYTES[parameter.dtype];
  });
  return { entry, call: library.find(entry), bytes };
}

function scalar(argument: LaunchArgument, dtype: ElementType, place: string): number | bigint {
  if (typeof argument === "object") throw wrongArgument(place, `a ${dtype}`, "memory");
  if (dtype === "int64" || dtype === "uint64") {
    if (typeof argument === "number" && !Number.isSafeInteger(argument))
      throw wrongArgument(place, dtype, String(argument));
    return dtype === "int64" ? BigInt.asIntN(64, BigInt(argument)) : BigInt.asUintN(64, BigInt(argument));
  }
  const value = Number(argument);
  if (dtype.startsWith("float") || dtype === "bfloat16") return value;
  if (dtype === "bool") return value === 0 ? 0 : 1;
  const bits = Number(dtype.replace(/\D/g, ""));
  const whole = Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
  return Number(dtype.startsWith("u") ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole));
}
