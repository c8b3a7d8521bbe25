import type { Device, DeviceBuffer, DeviceDriver, ModuleEntry } from "@tilewright/artifact";
import type { Backend, Capabilities, CompiledModule, PlacedPass, Toolchain } from "@tilewright/backend";
import { NO_SPAN } from "@tilewright/diagnostics";
import { bfloat16OfBits, float16OfBits, interpret, type TypedArray } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { compareMemory, copyMemory, inputsFor, type Memory, type Tolerance, zeros } from "./memory.js";

/** What lowers scheduled functions: `lower` of @tilewright/lower. */
export type Lower = (
  module: IRModule,
  options: { readonly capabilities: Capabilities; readonly passes?: readonly PlacedPass[]; readonly verify?: boolean },
) => { readonly module: IRModule };

/** Tests of any framework that has these two: vitest, or node:test. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

export interface BackendUnderTest {
  readonly backend: Backend;
  readonly toolchain?: Toolchain;
  readonly device: DeviceDriver;
  /** Without it only functions that are at the device level as they stand are tried. */
  readonly lower?: Lower;
}

export const moduleOf = (functions: readonly PrimFunc[]): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions,
  attributes: {},
});

/** Lowers, compiles and builds. */
export async function compileModule(
  { backend, toolchain, lower }: BackendUnderTest,
  functions: readonly PrimFunc[],
): Promise<CompiledModule> {
  const { capabilities, passes = [] } = backend;
  const module = moduleOf(functions);
  const lowered = lower === undefined ? module : lower(module, { capabilities, passes, verify: true }).module;
  const compiled = backend.compile(lowered);
  return toolchain === undefined ? compiled : toolchain.build(compiled);
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

/** Runs functions of a compiled module on copies of `memories` (one for each function) and returns what they became. */
export async function runOn(
  device: Device,
  compiled: CompiledModule,
  functions: readonly PrimFunc[],
  memories: readonly Memory[],
): Promise<Memory[]> {
  const loaded = await device.load(entryOf(compiled), compiled.bytes);
  const results: Memory[] = [];
  for (const [k, func] of functions.entries()) {
    const memory = memories[k] ?? {};
    const buffers = new Map<string, DeviceBuffer>();
    for (const [name, array] of Object.entries(memory)) {
      const buffer = device.allocate(array.byteLength);
      buffers.set(name, buffer);
      await device.write(buffer, bytesOfArray(array));
    }
    await loaded.launch(
      func.name,
      func.parameters.map((parameter) => buffers.get(parameter.name) as DeviceBuffer),
    );
    await device.synchronize();
    const result: Record<string, TypedArray> = {};
    for (const parameter of func.parameters) {
      const buffer = buffers.get(parameter.name) as DeviceBuffer;
      const array = memory[parameter.name] as TypedArray;
      const copy = array.slice();
      bytesOfArray(copy).set(await device.read(buffer));
      result[parameter.name] = copy;
      device.free(buffer);
    }
    results.push(result);
  }
  await loaded.close();
  return results;
}

const bytesOfArray = (array: TypedArray): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export interface Trial {
  readonly func: PrimFunc;
  readonly memory: Memory;
  readonly tolerance?: Tolerance;
}

/** A function with small integers as its arguments. */
export const trialOf = (func: PrimFunc): Trial => ({ func, memory: inputsFor(func) });

/** Compiles functions as one module, runs them on a device, and compares with the interpreter. @throws Error with the function's text */
export async function compareWithInterpreter(subject: BackendUnderTest, trials: readonly Trial[]): Promise<void> {
  const functions = trials.map(({ func }) => func);
  const compiled = await compileModule(subject, functions);
  const memories = trials.map(({ memory }) => memory);
  const results = await withDevice(subject.device, (device) => runOn(device, compiled, functions, memories));
  for (const [k, { func, memory, tolerance }] of trials.entries()) {
    const expected = copyMemory(memory);
    interpret(func, expected);
    const difference = compareMemory(asFloats(func, expected), asFloats(func, results[k] ?? {}), tolerance);
    if (difference !== null) throw new Error(`${func.name}: ${difference}\n${print(func)}`);
  }
}

/** Sixteen-bit floats as float32, so that they are compared as numbers. */
function asFloats(func: PrimFunc, memory: Memory): Memory {
  const converted = Object.entries(memory).map(([name, array]) => {
    const dtype = func.parameters.find((parameter) => parameter.name === name)?.dtype;
    if (dtype !== "float16" && dtype !== "bfloat16") return [name, array] as const;
    const decode = dtype === "float16" ? float16OfBits : bfloat16OfBits;
    const floats = zeros("float32", array.length) as Float32Array;
    array.forEach((bits, k) => {
      floats[k] = decode(Number(bits));
    });
    return [name, floats] as const;
  });
  return Object.fromEntries(converted);
}
