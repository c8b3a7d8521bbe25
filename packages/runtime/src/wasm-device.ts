import {
  ALIGNMENT, DEVICE_SPEC_VERSION, type Device, type DeviceBuffer, type DeviceDriver, type DeviceSlice, defineDevice, ELEMENT_BYTES, type FunctionEntry, type LaunchArgument,
  type LaunchOptions, LOW_MEMORY_BYTES, type LoadedModule, type ModuleEntry,
} from "@tilewright/artifact"; // biome-ignore format: a list
import { isCompileError } from "@tilewright/diagnostics";
import { Allocator } from "./allocator.js";
import { ASYNC_DISPOSE } from "./dispose.js";
import {
  aborted,
  badArray,
  badModule,
  badOption,
  disposed,
  outOfMemory,
  outsideMemory,
  runFailed,
  unknownFunction,
  wrongArgumentCount,
  wrongDtype,
} from "./errors.js";
import { engineFeatures } from "./features.js";
import { sizeOf } from "./ndarray.js";
import { IMPORT_NAMES, type SpawnWorker, ThreadPool } from "./thread-pool.js";
import { webWorkers } from "./web-workers.js";

export interface WasmDeviceOptions {
  /** Threads that run parallel loops, the caller among them. Above 1 the memory is shared, and modules need the feature `threads`. Default 1. */
  readonly threads?: number;
  /** The memory grows up to here. Default 2 GiB. */
  readonly maxMemoryBytes?: number;
  /** Starts a worker; by default a web worker. In Node pass `nodeWorkers()` of `@tilewright/runtime/node`, or use its device. */
  readonly workers?: SpawnWorker;
}

const PAGE = 65_536;
const MAX_BYTES = 2 ** 32 - PAGE;

/** WebAssembly in this process. */
export const wasmDevice: DeviceDriver<WasmDeviceOptions> = /* @__PURE__ */ defineDevice<WasmDeviceOptions>({
  specVersion: DEVICE_SPEC_VERSION,
  name: "wasm",
  accepts: ["wasm"],
  open: (options) => openWasmDevice(options),
});

/** @throws CompileError `RT114` options out of range · `RT115` workers that do not start · `RT108` */
export async function openWasmDevice(options: WasmDeviceOptions = {}): Promise<WasmDevice> {
  const { threads = 1, maxMemoryBytes = 2 ** 31 } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw badOption("threads", "an integer from 1 to 64", `${threads}`);
  if (!(maxMemoryBytes >= 2 * PAGE))
    throw badOption("maxMemoryBytes", `a number of at least ${2 * PAGE}`, `${maxMemoryBytes}`);
  const maximum = Math.floor(Math.min(maxMemoryBytes, MAX_BYTES) / PAGE);
  const features = new Set(engineFeatures());
  const shared = threads > 1 && features.has("threads");
  if (!shared) features.delete("threads");
  let memory: WebAssembly.Memory;
  try {
    memory = new WebAssembly.Memory({ initial: 2, maximum, shared });
  } catch {
    throw outOfMemory(maximum * PAGE, 0, maxMemoryBytes);
  }
  const pool = shared ? await ThreadPool.start(threads, memory, options.workers ?? webWorkers()) : null;
  return new WasmDevice(memory, maximum * PAGE, features, pool);
}

/** A range of the linear memory. */
class WasmBuffer implements DeviceBuffer {
  readonly byteLength: number;
  readonly address: number;

  constructor(address: number, byteLength: number) {
    this.address = address;
    this.byteLength = byteLength;
  }
}

export class WasmDevice implements Device {
  readonly name = "wasm";
  readonly accepts = ["wasm"];
  readonly features: ReadonlySet<string>;
  readonly #memory: WebAssembly.Memory;
  readonly #maxBytes: number;
  readonly #pool: ThreadPool | null;
  readonly #allocator: Allocator;
  readonly #live = new Set<DeviceBuffer>();
  #allocatedBytes = 0;
  #closed = false;
  #modules = 0;
  #workspaces: { readonly bytes: number; readonly addresses: readonly number[] } = { bytes: -1, addresses: [] };

  constructor(memory: WebAssembly.Memory, maxBytes: number, features: ReadonlySet<string>, pool: ThreadPool | null) {
    this.#memory = memory;
    this.#maxBytes = maxBytes;
    this.features = features;
    this.#pool = pool;
    this.#allocator = new Allocator(LOW_MEMORY_BYTES, memory.buffer.byteLength);
  }

  get allocatedBytes(): number {
    return this.#allocatedBytes;
  }

  /** Threads that run parallel loops. */
  get threads(): number {
    return (this.#pool?.workerCount ?? 0) + 1;
  }

  /** Shared memory and modules for it go together. */
  supports(entry: ModuleEntry): boolean {
    return entry.features.includes("threads") === (this.#pool !== null);
  }

  /** @throws CompileError `RT108` more than there is · `RT113` a size that is none */
  allocate(byteLength: number): DeviceBuffer {
    this.#checkOpen();
    if (!Number.isSafeInteger(byteLength) || byteLength < 0)
      throw outsideMemory("the size of a buffer", "an integer of at least 0", `${byteLength}`);
    const buffer = new WasmBuffer(this.#reserve(byteLength), byteLength);
    this.#live.add(buffer);
    this.#allocatedBytes += byteLength;
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (this.#closed) return;
    this.#allocator.free(this.#addressOf(buffer));
    this.#live.delete(buffer);
    this.#allocatedBytes -= buffer.byteLength;
  }

  view(buffer: DeviceBuffer): Uint8Array {
    return new Uint8Array(this.#memory.buffer, this.#addressOf(buffer), buffer.byteLength);
  }

  /** @throws CompileError `RT104` freed · `RT113` past the end */
  async write(buffer: DeviceBuffer, data: Uint8Array, byteOffset = 0): Promise<void> {
    this.#part(buffer, byteOffset, data.length).set(data);
  }

  /** @throws CompileError `RT104` freed · `RT113` past the end */
  async read(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    return this.#part(buffer, byteOffset, byteLength).slice();
  }

  async load(entry: ModuleEntry, blob: Uint8Array): Promise<LoadedModule> {
    this.#checkOpen();
    const module = await WebAssembly.compile(blob as Uint8Array<ArrayBuffer>).catch((error: unknown) => {
      throw badModule(messageOf(error));
    });
    const id = this.#modules++;
    const imports = this.#imports(module, id);
    const instance = await WebAssembly.instantiate(module, imports.values).catch((error: unknown) => {
      throw badModule(messageOf(error));
    });
    imports.connect(instance);
    this.#checkOpen(); // it may have been closed while the engine compiled
    this.#needWorkspace(Math.max(0, ...entry.functions.map(({ workspaceBytes }) => workspaceBytes)));
    if (this.#pool !== null && instance.exports[IMPORT_NAMES.table] !== undefined) await this.#pool.load(id, module);
    return this.#loaded(entry, instance, id);
  }

  async synchronize(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#pool?.close();
    this.#live.clear();
    this.#allocatedBytes = 0;
  }

  [ASYNC_DISPOSE](): Promise<void> {
    return this.close();
  }

  #loaded(entry: ModuleEntry, instance: WebAssembly.Instance, id: number): LoadedModule {
    const functions = new Map(entry.functions.map((func) => [func.name, func]));
    let open = true;
    return {
      launch: async (name, args, options) => {
        if (!open) throw disposed("the module");
        const func = functions.get(name);
        const code = instance.exports[name];
        if (func === undefined || typeof code !== "function") throw unknownFunction(name, [...functions.keys()]);
        this.#launch(func, code as (...values: (number | bigint)[]) => void, args, options);
      },
      close: async () => {
        if (open && !this.#closed && instance.exports[IMPORT_NAMES.table] !== undefined) await this.#pool?.unload(id);
        open = false;
      },
    };
  }

  #launch(
    func: FunctionEntry,
    code: (...values: (number | bigint)[]) => void,
    args: readonly LaunchArgument[],
    options?: LaunchOptions,
  ): void {
    this.#checkOpen();
    const { name, parameters } = func;
    if (args.length !== parameters.length) throw wrongArgumentCount(name, parameters.length, args.length);
    if (options?.signal?.aborted) throw aborted(name, options.signal.reason);
    const values = args.map((argument, position) => this.#value(argument, func, position));
    try {
      code(...values, this.#workspaces.addresses[0] ?? LOW_MEMORY_BYTES);
    } catch (error) {
      throw isCompileError(error) ? error : runFailed(name, messageOf(error));
    }
  }

  /** An argument as the ABI passes it. */
  #value(argument: LaunchArgument, { name, parameters }: FunctionEntry, position: number): number | bigint {
    const parameter = parameters[position];
    const place = `${parameter?.name ?? position} of ${name}`;
    if (typeof argument === "object") {
      if (parameter?.kind !== "buffer") throw wrongDtype(place, `a ${parameter?.dtype ?? "scalar"}`, "memory");
      const needed = parameter.shape.includes(-1) ? 0 : sizeOf(parameter.shape) * ELEMENT_BYTES[parameter.dtype];
      if (argument.byteLength < needed) throw badArray(`${needed} bytes for ${place}`, `${argument.byteLength} bytes`);
      return "buffer" in argument ? this.#sliceAddress(argument) : this.#addressOf(argument);
    }
    if (parameter?.kind !== "scalar") throw wrongDtype(place, "memory", typeof argument);
    if (parameter.dtype !== "int64" && parameter.dtype !== "uint64") return Number(argument);
    if (typeof argument === "number" && !Number.isInteger(argument))
      throw wrongDtype(place, parameter.dtype, `${argument}`);
    return BigInt(argument);
  }

  #imports(
    module: WebAssembly.Module,
    id: number,
  ): { readonly values: WebAssembly.Imports; readonly connect: (instance: WebAssembly.Instance) => void } {
    const values: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    let table: WebAssembly.Table | undefined;
    const parallel = (slot: number, extent: number, closure: number, workspace: number): void => {
      const body = table?.get(slot) as (begin: number, end: number, closure: number, workspace: number) => void;
      if (this.#pool === null) body(0, extent, closure, workspace);
      else this.#pool.run(id, slot, body, extent, closure, workspace);
    };
    const assertFailed = (message: number): never => {
      throw new Error(`assertion failed: ${assertMessages(module)[message] ?? `number ${message}`}`);
    };
    for (const { module: space, name, kind } of WebAssembly.Module.imports(module)) {
      values[space] ??= {};
      const entries = values[space];
      if (kind === "memory") entries[name] = this.#memory;
      else if (name === IMPORT_NAMES.parallel) entries[name] = parallel;
      else if (name === IMPORT_NAMES.assertFailed) entries[name] = assertFailed;
    }
    return {
      values,
      connect: (instance) => {
        table = instance.exports[IMPORT_NAMES.table] as WebAssembly.Table | undefined;
      },
    };
  }

  /** Every thread has a workspace as large as any function of any module needs. When memory ends, the ones before stay. */
  #needWorkspace(bytes: number): void {
    if (bytes <= this.#workspaces.bytes) return;
    const addresses: number[] = [];
    try {
      while (addresses.length < this.threads) addresses.push(this.#reserve(bytes + ALIGNMENT));
    } catch (error) {
      for (const address of addresses) this.#allocator.free(address);
      throw error;
    }
    const before = this.#workspaces.addresses;
    this.#workspaces = { bytes, addresses };
    for (const [worker, address] of addresses.slice(1).entries()) this.#pool?.setWorkspace(worker, address);
    for (const address of before) this.#allocator.free(address);
  }

  #reserve(byteLength: number): number {
    const first = this.#allocator.allocate(byteLength);
    if ("address" in first) return first.address;
    const { byteLength: before } = this.#memory.buffer;
    const wanted = Math.ceil(first.missing / PAGE);
    const generous = Math.min(
      Math.max(wanted, Math.ceil(before / PAGE / 4)),
      Math.floor((this.#maxBytes - before) / PAGE),
    );
    try {
      this.#memory.grow(Math.max(wanted, generous));
    } catch {
      throw outOfMemory(byteLength, this.#allocatedBytes, this.#maxBytes);
    }
    this.#allocator.grow(this.#memory.buffer.byteLength - before);
    return this.#reserve(byteLength);
  }

  #part(buffer: DeviceBuffer, byteOffset: number, byteLength: number): Uint8Array {
    const view = this.view(buffer);
    checkPart(buffer, byteOffset, byteLength);
    return view.subarray(byteOffset, byteOffset + byteLength);
  }

  #sliceAddress({ buffer, byteOffset, byteLength }: DeviceSlice): number {
    checkPart(buffer, byteOffset, byteLength);
    return this.#addressOf(buffer) + byteOffset;
  }

  #addressOf(buffer: DeviceBuffer): number {
    this.#checkOpen();
    if (!this.#live.has(buffer)) throw disposed("the memory");
    return (buffer as WasmBuffer).address;
  }

  #checkOpen(): void {
    if (this.#closed) throw disposed("the device");
  }
}

function checkPart(buffer: DeviceBuffer, byteOffset: number, byteLength: number): void {
  const end = byteOffset + byteLength;
  if (
    Number.isInteger(byteOffset) &&
    Number.isInteger(byteLength) &&
    byteOffset >= 0 &&
    byteLength >= 0 &&
    end <= buffer.byteLength
  )
    return;
  throw outsideMemory("a part of a buffer", `bytes within 0 .. ${buffer.byteLength}`, `${byteOffset} .. ${end}`);
}

function assertMessages(module: WebAssembly.Module): readonly string[] {
  const section = WebAssembly.Module.customSections(module, IMPORT_NAMES.assertSection)[0];
  return section === undefined ? [] : (JSON.parse(new TextDecoder().decode(section)) as string[]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
