import { LOW_MEMORY_BYTES } from "@tilewright/artifact";
import type { CompiledModule } from "@tilewright/backend";
import type { Batch, Case } from "./batch.js";

/** What a case of a batch that codegen-wasm compiled gives. */
export function runCase({ compiled }: Batch, each: Case): readonly Float32Array[] {
  return runModule(compiled, each.name, each.inputs, each.expected);
}

/** What a function gives: arrays like `outputs`. */
export function runModule(
  { bytes, functions }: CompiledModule,
  name: string,
  inputs: readonly Float32Array[],
  outputs: readonly Float32Array[],
): readonly Float32Array[] {
  const { workspaceBytes } = functions.find((each) => each.name === name) ?? { workspaceBytes: 0 };
  return run(bytes, name, workspaceBytes, inputs, outputs);
}

/** Runs a module by hand, as the calling convention says. */
function run(
  bytes: Uint8Array,
  name: string,
  workspaceBytes: number,
  inputs: readonly Float32Array[],
  outputs: readonly Float32Array[],
): Float32Array[] {
  const sizes = [...inputs, ...outputs].map((array) => Math.ceil(Math.max(1, array.byteLength) / 64) * 64);
  const total = sizes.reduce((sum, size) => sum + size, LOW_MEMORY_BYTES) + workspaceBytes + 65_536;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(total / 65_536) });
  new Uint8Array(memory.buffer).fill(0xaa);
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
  const exports: Record<string, unknown> = {};
  const parallel = (body: number, extent: number, closure: number, workspace: number): void => {
    const table = exports.functions as WebAssembly.Table;
    const half = extent >> 1;
    for (const [begin, end] of [
      [half, extent],
      [0, half],
    ])
      (table.get(body) as (...args: unknown[]) => void)(begin, end, closure, workspace);
  };
  const instance = new WebAssembly.Instance(module, {
    tilewright: { memory, parallel, assert_failed: () => undefined },
  });
  Object.assign(exports, instance.exports);
  let next: number = LOW_MEMORY_BYTES;
  const places = sizes.map((size) => {
    const place = next;
    next += size;
    return place;
  });
  for (const [k, array] of inputs.entries()) new Float32Array(memory.buffer, places[k], array.length).set(array);
  (instance.exports[name] as (...args: number[]) => void)(...places, next);
  return outputs.map((array, k) => new Float32Array(memory.buffer, places[inputs.length + k], array.length).slice());
}
