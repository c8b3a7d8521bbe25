import { type Device, type DeviceBuffer, type DeviceSlice, defineDevice } from "@tilewright/artifact";
import { type Backend, defineBackend } from "@tilewright/backend";
import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { arrayLength, arrayType, interpret, type TypedArray } from "@tilewright/interp";
import { DTYPES, type DType, type IRModule, type PrimFunc } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { elementsOf } from "../src/index.js";

/** A backend whose modules are numbers of loop-IR modules, and the device that interprets those. */
export function interpreterPlugin(fault?: (func: PrimFunc) => PrimFunc) {
  const modules: IRModule[] = [];
  const dtypes = Object.fromEntries(DTYPES.filter((dtype) => dtype !== "int2").map((dtype) => [dtype, "stable"]));
  const backend: Backend = defineBackend({
    specVersion: "backend/1",
    name: "interpreter",
    capabilities: {
      dtypes,
      loopKinds: { parallel: "stable" },
      math: ["exp", "log", "sin", "cos", "tanh", "erf", "sigmoid"],
    },
    compile: (module) => {
      refuse(module);
      const known = modules.findIndex(
        (each) =>
          JSON.stringify(each.functions.map((f) => f.name)) === JSON.stringify(module.functions.map((f) => f.name)),
      );
      if (known < 0) modules.push(module);
      else modules[known] = module;
      const functions = module.functions.map(({ name, parameters }) => ({
        name,
        parameters: parameters.map((each) =>
          each.kind === "Buffer"
            ? ({
                kind: "buffer",
                name: each.name,
                dtype: each.dtype as "int8",
                shape: [elementsOf(each)],
                access: "readwrite",
              } as const)
            : ({ kind: "scalar", name: each.name, dtype: each.dtype as "int8" } as const),
        ),
        workspaceBytes: 0,
      }));
      const bytes = new Uint8Array([known < 0 ? modules.length - 1 : known]);
      return { format: "interpreter", bytes, features: [], functions, files: new Map(), warnings: [] };
    },
  });
  const device = defineDevice({
    specVersion: "device/1",
    name: "interpreter",
    accepts: ["interpreter"],
    open: async () => openDevice(modules, fault ?? ((func) => func)),
  });
  return { backend, device };
}

/** What a backend must refuse: types, intrinsics and loops that it does not declare. */
function refuse(module: IRModule): void {
  const text = JSON.stringify(module.functions, (_, value) => (typeof value === "bigint" ? String(value) : value));
  const found = ['"dtype":"int2"', '"kind":"Call"', '"loopKind":"thread"', '"loopKind":"virtual"'].find((each) =>
    text.includes(each),
  );
  if (found === undefined && verify(module, "scheduled").length === 0) return;
  throw new CompileError({ code: "BE201", severity: "error", message: `no ${found}`, span: NO_SPAN });
}

function openDevice(modules: readonly IRModule[], fault: (func: PrimFunc) => PrimFunc): Device {
  const memory = new Map<DeviceBuffer, Uint8Array>();
  const bytesOf = (buffer: DeviceBuffer): Uint8Array => {
    const bytes = memory.get(buffer);
    if (bytes === undefined) throw new Error("freed");
    return bytes;
  };
  const arrayFor = (dtype: DType, { buffer }: DeviceSlice, count: number): TypedArray => {
    const ArrayType = arrayType(dtype);
    if (ArrayType === null) throw new Error(dtype);
    return new ArrayType(bytesOf(buffer).buffer, 0, arrayLength(dtype, count));
  };
  const close = async () => memory.clear();
  return {
    name: "interpreter",
    features: new Set<string>(),
    allocate: (byteLength) => {
      const buffer = { byteLength };
      memory.set(buffer, new Uint8Array(byteLength));
      return buffer;
    },
    free: (buffer) => void memory.delete(buffer),
    write: async (buffer, data, byteOffset = 0) => bytesOf(buffer).set(data, byteOffset),
    read: async (buffer) => bytesOf(buffer).slice(),
    view: () => undefined,
    load: async (_, blob) => ({
      launch: async (name, args) => {
        const func = modules[blob[0] ?? 0]?.functions.find((each) => each.name === name);
        if (func === undefined) throw new Error(name);
        const arrays = func.parameters.map((parameter, k) => {
          const buffer = args[k] as DeviceBuffer;
          const slice = { buffer, byteOffset: 0, byteLength: buffer.byteLength };
          return [
            parameter.name,
            parameter.kind === "Buffer" ? arrayFor(parameter.dtype, slice, elementsOf(parameter)) : 0,
          ] as const;
        });
        interpret(fault(func), Object.fromEntries(arrays));
      },
      close: async () => {},
    }),
    synchronize: async () => {},
    get allocatedBytes() {
      return [...memory.values()].reduce((sum, { length }) => sum + length, 0);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
