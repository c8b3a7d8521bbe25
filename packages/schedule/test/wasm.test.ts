import { wasm } from "@tilewright/codegen-wasm";
import { describe, expect, it } from "vitest";
import { randomBatch } from "./batch.js";
import { faultyPass } from "./find-fault.js";

/** Runs a module by hand, as the calling convention says. */
function run(
  bytes: Uint8Array,
  name: string,
  workspaceBytes: number,
  inputs: readonly Float32Array[],
  outputs: readonly Float32Array[],
): Float32Array[] {
  const sizes = [...inputs, ...outputs].map((array) => Math.ceil(Math.max(1, array.byteLength) / 64) * 64);
  const total = sizes.reduce((sum, size) => sum + size, 1024) + workspaceBytes + 65_536;
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
  let next = 1024;
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
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("seed %i", (seed) => {
    const backend = wasm({ simd: seed % 4 !== 0 });
    const { compiled, scheduled, cases } = randomBatch(seed, 50, backend);
    for (const each of cases) {
      const entry = compiled.functions.find((candidate) => candidate.name === each.name);
      const actual = run(compiled.bytes, each.name, entry?.workspaceBytes ?? 0, each.inputs, each.expected);
      const same = actual.every((array, k) => array.every((value, i) => Object.is(value, each.expected[k]?.[i])));
      expect.soft(same, same ? "" : `${each.trace}\n${faultyPass(scheduled, backend, each)}`).toBe(true);
    }
  });
});
