import type { Device, DeviceBuffer } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import { copyMemory, inputsFor, type Memory } from "@tilewright/backend-test";
import { interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import { nativeDevice } from "@tilewright/runtime-native";
import { cuda, cudaEmulation } from "../index.js";

/** Functions as CUDA C++. */
export function compile(functions: readonly PrimFunc[]): CompiledModule {
  const backend = cuda();
  const [{ span }] = functions as readonly [PrimFunc];
  const module: IRModule = { kind: "IRModule", span, functions, attributes: {} };
  return backend.compile(lower(module, { capabilities: backend.capabilities, verify: true }).module);
}

export const textOf = ({ bytes }: CompiledModule): string => new TextDecoder().decode(bytes);

/** What becomes of small inputs when the functions of a compiled module run in the emulation. */
export async function emulate(compiled: CompiledModule, functions: readonly PrimFunc[]): Promise<readonly Memory[]> {
  const built = await cudaEmulation({ optimization: 0 }).build(compiled);
  const device = await nativeDevice.open();
  try {
    const { format, features, functions: entries } = built;
    const loaded = await device.load({ format, features, functions: entries, blob: "module" }, built.bytes);
    const results: Memory[] = [];
    for (const func of functions) {
      const memory = inputsFor(func);
      const buffers = await Promise.all(func.parameters.map(({ name }) => upload(device, memory[name])));
      await loaded.launch(func.name, buffers);
      for (const [position, { name }] of func.parameters.entries())
        bytesOf(memory[name]).set(await device.read(buffers[position] as DeviceBuffer));
      results.push(memory);
    }
    await loaded.close();
    return results;
  } finally {
    await device.close();
  }
}

/** What the interpreter says. */
export function expected(func: PrimFunc): Memory {
  const memory = copyMemory(inputsFor(func));
  interpret(func, memory);
  return memory;
}

async function upload(device: Device, array: Memory[string] | undefined): Promise<DeviceBuffer> {
  const bytes = bytesOf(array);
  const buffer = device.allocate(bytes.length);
  await device.write(buffer, bytes);
  return buffer;
}

function bytesOf(array: Memory[string] | undefined): Uint8Array {
  return array === undefined ? new Uint8Array() : new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
