import {
  type Access,
  type Device,
  type DeviceDriver,
  defineDevice,
  type FunctionEntry,
  type LaunchArgument,
} from "@tilewright/artifact";
import {
  BACKEND_SPEC_VERSION,
  type Backend,
  type CapabilitiesDefinition,
  defineBackend,
  intrinsicOf,
  MATH_FUNCTIONS,
} from "@tilewright/backend";
import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";
import { type Arguments, type ArgumentValue, arrayType, interpret } from "@tilewright/interp";
import {
  type Buffer,
  bitsOf,
  bytesOf,
  DTYPES,
  type IRModule,
  type KernelCall,
  type ParallelCall,
  type PrimFunc,
  type Var,
  visit,
} from "@tilewright/ir";
import { decodeText, encode } from "@tilewright/ir/json";
import { elementsOf } from "./memory.js";

const FORMAT = "tilewright-ir";
const numbers = DTYPES.filter((dtype) => dtype !== "index" && dtype !== "bool");
const stable = <Name extends string>(names: readonly Name[]): { readonly [N in Name]?: "stable" } =>
  Object.fromEntries(names.map((name) => [name, "stable"])) as { readonly [N in Name]?: "stable" };

/** Everything that capabilities can declare. */
const EVERYTHING: CapabilitiesDefinition = {
  dtypes: stable(DTYPES.filter((dtype) => dtype !== "index")),
  loopKinds: stable(["parallel", "thread"]),
  memory: {
    global: { maxBytes: null },
    shared: { maxBytes: 49_152 },
    warp: { maxBytes: 4096 },
    local: { maxBytes: null },
  },
  vector: { bytes: 32, registers: 16, predicated: true },
  threads: 4,
  launch: { maxBlocks: [1024, 1024, 64], maxThreads: [256, 256, 64], maxThreadsPerBlock: 256, subgroupThreads: null },
  caches: [{ bytes: 32_768, lineBytes: 64, perThread: true }],
  math: MATH_FUNCTIONS,
  atomics: stable(numbers.filter((dtype) => bitsOf(dtype) >= 8)),
  barriers: stable(["shared", "global"]),
  queues: ["load", "compute"],
  asserts: true,
  hostCode: true,
};

export interface InterpreterOptions {
  /** What is declared; all that there is unless told. */
  readonly capabilities?: CapabilitiesDefinition;
}

/**
 * The reference interpreter as a backend and a device: modules are loop IR as JSON, and memory is memory of the host. It is what every
 * other plugin is compared with, a plugin that lacks nothing, and with fewer capabilities the model of a smaller one.
 */
export function interpreterPlugin({ capabilities = EVERYTHING }: InterpreterOptions = {}): {
  readonly backend: Backend;
  readonly device: DeviceDriver;
} {
  const backend = defineBackend({
    specVersion: BACKEND_SPEC_VERSION,
    name: "interpreter",
    capabilities,
    compile: (module) => ({
      format: FORMAT,
      bytes: new TextEncoder().encode(JSON.stringify(encode(module))),
      features: [],
      functions: module.functions.filter(isEntry).map((func) => entryOf(func, module)),
      files: new Map(),
      warnings: [],
    }),
  });
  const device = defineDevice({
    specVersion: "device/1",
    name: "interpreter",
    accepts: [FORMAT],
    open: async () => openDevice(),
  });
  return { backend, device };
}

const isEntry = (func: PrimFunc): boolean => func.role !== "parallel" && intrinsicOf(func) === null;

function entryOf(func: PrimFunc, { functions }: IRModule): FunctionEntry {
  const access = accessOf(func, functions);
  const parameters = func.parameters.map((each): FunctionEntry["parameters"][number] => {
    const { name } = each;
    const dtype = each.dtype as "int8";
    if (each.kind === "Var") return { kind: "scalar", name, dtype };
    return { kind: "buffer", name, dtype, shape: [elementsOf(each)], access: access.get(each) ?? "read" };
  });
  return { name: func.name, parameters, workspaceBytes: 0 };
}

/** How a function touches its parameters, itself or through those that it calls. */
function accessOf({ body }: PrimFunc, functions: readonly PrimFunc[]): ReadonlyMap<Buffer, Access> {
  const found = new Map<Buffer, Access>();
  const touch = (buffer: Buffer, how: Access): void =>
    void found.set(buffer, (found.get(buffer) ?? how) === how ? how : "readwrite");
  const pass = ({ callee, args, kind }: KernelCall | ParallelCall): void => {
    const called = functions.find(({ name }) => name === callee);
    const inner = called === undefined ? new Map<Buffer, Access>() : accessOf(called, functions);
    const parameters = called?.parameters.slice(kind === "ParallelCall" ? 2 : 0) ?? [];
    for (const [k, arg] of args.entries())
      if (arg.kind === "BufferRegion") touch(arg.buffer, inner.get(parameters[k] as Buffer) ?? "read");
  };
  visit(body, {
    Load: ({ buffer }) => touch(buffer, "read"),
    Store: ({ buffer }) => touch(buffer, "write"),
    Atomic: ({ buffer }) => touch(buffer, "readwrite"),
    KernelCall: pass,
    ParallelCall: pass,
  });
  return found;
}

function openDevice(): Device {
  const memory = new Map<object, Uint8Array>();
  let open = true;
  const bytesOfBuffer = (buffer: object): Uint8Array => {
    const bytes = memory.get(buffer);
    if (bytes === undefined) throw mistake(open ? "a buffer that was freed" : "a device that was closed");
    return bytes;
  };
  const close = async (): Promise<void> => {
    open = false;
    memory.clear();
  };
  return {
    name: "interpreter",
    features: new Set<string>(),
    accepts: [FORMAT],
    allocate(byteLength) {
      if (!open) throw mistake("a device that was closed");
      const buffer = { byteLength };
      memory.set(buffer, new Uint8Array(byteLength));
      return buffer;
    },
    free(buffer) {
      bytesOfBuffer(buffer);
      memory.delete(buffer);
    },
    write: async (buffer, data, byteOffset = 0) => bytesOfBuffer(buffer).set(data, byteOffset),
    read: async (buffer, byteOffset = 0, byteLength = buffer.byteLength - byteOffset) =>
      bytesOfBuffer(buffer).slice(byteOffset, byteOffset + byteLength),
    view: (buffer) => bytesOfBuffer(buffer),
    async load(_, blob) {
      if (!open) throw mistake("a device that was closed");
      const module = decodeText(new TextDecoder().decode(blob)) as IRModule;
      let loaded = true;
      return {
        async launch(name, args) {
          const func = module.functions.find((each) => each.name === name && isEntry(each));
          if (!loaded) throw mistake("a module that was closed");
          if (func === undefined) throw mistake(`the function \`${name}\`, which is not there`);
          const values = func.parameters.map((each, k) => [each, argumentValue(each, args[k], bytesOfBuffer)] as const);
          interpret(module, new Map(values) as Arguments, { entry: name });
        },
        async close() {
          loaded = false;
        },
      };
    },
    synchronize: async () => {},
    get allocatedBytes() {
      return [...memory.values()].reduce((sum, { length }) => sum + length, 0);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

type Memory = (buffer: object) => Uint8Array;

function argumentValue(parameter: Buffer | Var, argument: LaunchArgument | undefined, memory: Memory): ArgumentValue {
  if (typeof argument !== "object") {
    if (argument === undefined || parameter.kind === "Buffer") throw mistake(`no argument for \`${parameter.name}\``);
    return parameter.dtype === "bool" ? Boolean(argument) : argument;
  }
  const ArrayType = arrayType(parameter.dtype);
  if (ArrayType === null || parameter.kind === "Var") throw mistake(`a buffer for \`${parameter.name}\``);
  const slice = "buffer" in argument ? argument : { buffer: argument, byteOffset: 0, byteLength: argument.byteLength };
  const { buffer } = memory(slice.buffer);
  const needed = bytesOf(parameter.dtype, elementsOf(parameter));
  if (slice.byteLength < needed) throw mistake(`${slice.byteLength} bytes for \`${parameter.name}\` of ${needed}`);
  return new ArrayType(buffer, slice.byteOffset, Math.floor(slice.byteLength / ArrayType.BYTES_PER_ELEMENT));
}

/** What the device refuses to use. */
function mistake(what: string): CompileError {
  const diagnostic: Diagnostic = {
    code: "RT104",
    severity: "error",
    message: `the interpreter was given ${what}`,
    span: NO_SPAN,
  };
  return new CompileError(diagnostic);
}
