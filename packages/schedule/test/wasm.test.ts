import { LOW_MEMORY_BYTES } from "@tilewright/artifact";
import { wasm } from "@tilewright/codegen-wasm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryDraws, batchOf, type Draw, expectCase } from "./batch.js";

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

describe("what a random schedule computes is the same through codegen-wasm", () => {
  it.each([
    ["with vectors", true],
    ["with scalars", false],
  ])("%s", (_, simd) => {
    const backend = wasm({ simd });
    let cases = 0;
    const holds = (draws: readonly Draw[]): void => {
      const batch = batchOf(draws, backend);
      if (batch === null) return;
      for (const each of batch.cases) {
        const { workspaceBytes } = batch.compiled.functions.find(({ name }) => name === each.name) ?? {
          workspaceBytes: 0,
        };
        const actual = run(batch.compiled.bytes, each.name, workspaceBytes, each.inputs, each.expected);
        expectCase(actual, each, batch.scheduled, backend);
        cases++;
      }
    };
    fc.assert(fc.property(arbitraryDraws(60), holds), { numRuns: 20 });
    expect(cases).toBeGreaterThan(100);
  });
});
