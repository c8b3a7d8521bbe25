import { type DeviceDriver, defineHostDevice, type HostArgument, type HostFunction } from "@tilewright/artifact";
import {
  BACKEND_SPEC_VERSION, type Backend, type CapabilitiesDefinition, defineBackend, functionEntries, MATH_FUNCTIONS,
} from "@tilewright/backend"; // biome-ignore format: a list
import { InternalError } from "@tilewright/diagnostics";
import { type Arguments, type ArgumentValue, arrayType, interpret } from "@tilewright/interp";
import { type Buffer, bitsOf, DTYPES, type IRModule, type PrimFunc, type Var } from "@tilewright/ir";
import { decodeText, encode } from "@tilewright/ir/json";

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
      functions: functionEntries(module),
      files: new Map(),
      warnings: [],
    }),
  });
  const device = defineHostDevice({
    name: "interpreter",
    accepts: [FORMAT],
    load({ functions }, blob) {
      const module = decodeText(new TextDecoder().decode(blob)) as IRModule;
      return new Map(functions.map(({ name }) => [name, runnable(module, name)]));
    },
  });
  return { backend, device };
}

function runnable(module: IRModule, name: string): HostFunction {
  const func = module.functions.find((each) => each.name === name) as PrimFunc;
  return (...given) => {
    const values = func.parameters.map((each, k) => [each, valueFor(each, given[k] as HostArgument)] as const);
    interpret(module, new Map(values) as Arguments, { entry: name });
  };
}

function valueFor(parameter: Buffer | Var, given: HostArgument): ArgumentValue {
  if (!(given instanceof Uint8Array)) return parameter.dtype === "bool" ? Boolean(given) : given;
  const ArrayType = arrayType(parameter.dtype);
  if (ArrayType === null) throw new InternalError(`memory of ${parameter.dtype}`);
  return new ArrayType(given.buffer, given.byteOffset, Math.floor(given.byteLength / ArrayType.BYTES_PER_ELEMENT));
}
