import type { Device, DeviceBuffer, DeviceSlice, ElementType, LaunchArgument } from "@tilewright/artifact";
import { BACKEND_SPEC_VERSION, type Backend, type CapabilitiesDefinition, defineBackend } from "@tilewright/backend";
import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { arrayLength, arrayType, interpret, type TypedArray } from "@tilewright/interp";
import { type Buffer, type IRModule, isConst, type PrimFunc } from "@tilewright/ir";

/** A device that interprets the modules of its backend, without memory that the host sees. */
export interface Interpreting {
  readonly backend: Backend;
  readonly device: InterpretingDevice;
}

/** A backend without host code, whose blobs are numbers of modules. `refuses`: an error of its own for a kernel. */
export function interpreting(
  name: string,
  capabilities: CapabilitiesDefinition,
  refuses: (func: PrimFunc) => boolean = () => false,
): Interpreting {
  const modules: IRModule[] = [];
  const backend = defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name,
    capabilities,
    compile(module) {
      const refused = module.functions.find(refuses);
      if (refused !== undefined)
        throw new CompileError({ code: "BE201", severity: "error", message: "not of my taste", span: NO_SPAN });
      const functions = module.functions.map(({ name: own, parameters }) => ({
        name: own,
        workspaceBytes: 0,
        // All it knows is that a kernel may do anything with its buffers.
        parameters: parameters.map((each) => {
          const dtype = each.dtype as ElementType;
          if (each.kind !== "Buffer") return { kind: "scalar" as const, name: each.name, dtype };
          return {
            kind: "buffer" as const,
            name: each.name,
            dtype,
            shape: [countOf(each)],
            access: "readwrite" as const,
          };
        }),
      }));
      const text = textOf(module);
      const known = modules.findIndex((each) => textOf(each) === text); // equal modules give equal code
      if (known < 0) modules.push(module);
      return {
        format: name,
        bytes: Uint8Array.of(known < 0 ? modules.length - 1 : known),
        features: [],
        functions,
        files: new Map([["module.txt", new Uint8Array()]]),
        warnings: [],
      };
    },
  });
  return { backend, device: new InterpretingDevice(name, modules) };
}

function textOf(module: IRModule): string {
  return JSON.stringify(module, (key, value) =>
    key === "span" ? undefined : typeof value === "bigint" ? `${value}n` : value,
  );
}

function countOf({ shape }: Buffer): number {
  return shape.reduce((count, extent) => count * (isConst(extent) ? Number(extent.value) : 0), 1);
}

export class InterpretingDevice implements Device {
  readonly name: string;
  readonly accepts: readonly string[];
  readonly features = new Set<string>();
  /** Functions that ran, in order. */
  readonly launches: string[] = [];
  bytesRead = 0;
  bytesWritten = 0;
  readonly #modules: readonly IRModule[];
  readonly #live = new Map<DeviceBuffer, Uint8Array>();

  constructor(name: string, modules: readonly IRModule[]) {
    this.name = name;
    this.accepts = [name];
    this.#modules = modules;
  }

  get allocatedBytes(): number {
    return [...this.#live.keys()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  get buffers(): number {
    return this.#live.size;
  }

  allocate(byteLength: number): DeviceBuffer {
    const buffer = { byteLength };
    this.#live.set(buffer, new Uint8Array(byteLength).fill(0xaa));
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    if (!this.#live.delete(buffer)) throw new Error("freed twice");
  }

  view(): undefined {
    return undefined;
  }

  async write(buffer: DeviceBuffer, data: Uint8Array, byteOffset = 0): Promise<void> {
    this.bytesWritten += data.length;
    this.#part({ buffer, byteOffset, byteLength: data.length }).set(data);
  }

  async read(buffer: DeviceBuffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset): Promise<Uint8Array> {
    this.bytesRead += byteLength;
    return this.#part({ buffer, byteOffset, byteLength }).slice();
  }

  async load(_: unknown, blob: Uint8Array) {
    const module = this.#modules[blob[0] ?? 0] as IRModule;
    return {
      launch: async (name: string, args: readonly LaunchArgument[]): Promise<void> => {
        const func = module.functions.find((each) => each.name === name);
        if (func === undefined) throw new Error(`no function ${name}`);
        const values = func.parameters.map((parameter, k) => [parameter, this.#array(parameter, args[k])] as const);
        this.launches.push(name);
        interpret(module, new Map(values) as never, { entry: name, seed: this.launches.length });
      },
      close: async (): Promise<void> => {},
    };
  }

  async synchronize(): Promise<void> {}

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}

  #array(parameter: PrimFunc["parameters"][number], argument: LaunchArgument | undefined): TypedArray {
    if (parameter.kind !== "Buffer" || typeof argument !== "object") throw new Error("a number");
    const ArrayType = arrayType(parameter.dtype);
    if (ArrayType === null) throw new Error(parameter.dtype);
    const slice =
      "buffer" in argument ? argument : { buffer: argument, byteOffset: 0, byteLength: argument.byteLength };
    const bytes = this.#part(slice);
    return new ArrayType(
      bytes.buffer as ArrayBuffer,
      bytes.byteOffset,
      arrayLength(parameter.dtype, countOf(parameter)),
    );
  }

  #part({ buffer, byteOffset, byteLength }: DeviceSlice): Uint8Array {
    const bytes = this.#live.get(buffer);
    if (bytes === undefined || byteOffset < 0 || byteOffset + byteLength > bytes.length)
      throw new Error("outside of the memory");
    return bytes.subarray(byteOffset, byteOffset + byteLength);
  }
}
