import { build as b, int } from "@tilewright/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { COUNT, model } from "../test/models.js";
import { artifactOf, compile, floats, func, reverse } from "../test/programs.js";
import {
  deviceArray,
  loadFunctions,
  loadModel,
  type NDArray,
  ndarray,
  type WasmDevice,
  wasmDevice,
  zeros,
} from "./index.js";

let device: WasmDevice;
beforeAll(async () => {
  device = (await wasmDevice.open()) as WasmDevice;
});
afterAll(() => device.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
const start = () => ndarray(Float32Array.of(1, 2, 3, 4));

function inDevice(values: readonly number[]): NDArray {
  const array = deviceArray(device, [values.length]);
  array.data.set(values as never);
  return array;
}

describe("a run whose output is the memory of an input", () => {
  it("reads the input as it was before the run, in the device and in memory of the caller", async () => {
    await using session = await loadModel(model(), { device });
    for (const x of [inDevice([1, 2, 3, 4]), start()]) {
      const { z } = await session.run({ x }, { outputs: { y: x } });
      expect(x.toArray()).toEqual([4, 3, 2, 1]);
      expect(z?.toArray()).toEqual([2, 3, 4, 5]);
      x.dispose();
    }
  });

  it("does so for slices that overlap, and writes in place those that do not", async () => {
    await using session = await loadModel(model(), { device });
    const all = inDevice([1, 2, 3, 4, 0, 0, 0, 0]);
    await session.run({ x: all.slice(0, 4) }, { outputs: { y: all.slice(2, 6) } });
    expect(all.toArray()).toEqual([1, 2, 4, 3, 2, 1, 0, 0]);
    await session.run({ x: all.slice(0, 4) }, { outputs: { y: all.slice(4), z: all.slice(0, 4) } });
    expect(all.toArray()).toEqual([2, 3, 5, 4, 3, 4, 2, 1]);
    all.dispose();
  });
});

describe("a run that cannot write its outputs", () => {
  it("is refused when outputs share memory", async () => {
    await using session = await loadModel(model(), { device });
    const there = inDevice([0, 0, 0, 0, 0]);
    for (const array of [start(), there.slice(0, 4)])
      await expect(session.run({ x: start() }, { outputs: { y: array, z: array } })).rejects.toThrow(code("RT117"));
    const outputs = { y: there.slice(0, 4), z: there.slice(1) };
    await expect(session.run({ x: start() }, { outputs })).rejects.toThrow(code("RT117"));
    there.dispose();
  });

  it("changes no state", async () => {
    await using session = await loadModel(model(), { device });
    const other = await wasmDevice.open();
    const [dead, foreign, moved] = [inDevice([1, 2, 3, 4]), deviceArray(other, [COUNT]), start()];
    dead.dispose();
    await other.close();
    structuredClone(moved.data, { transfer: [moved.data.buffer as ArrayBuffer] });
    const run = (z: NDArray) => session.run({ x: start() }, { outputs: { z } });
    await expect(run(dead)).rejects.toThrow(/RT104[^\n]*`z`/);
    await expect(run(foreign)).rejects.toThrow(code("RT104"));
    await expect(run(moved)).rejects.toThrow(code("RT112"));
    await expect(run(zeros([3]))).rejects.toThrow(code("RT101"));
    await expect(run(zeros([COUNT], "int32"))).rejects.toThrow(code("RT102"));
    expect((await session.getState("seen")).toArray()).toEqual([0]);
  });
});

describe("a call that writes what it reads", () => {
  it("reads arrays as they were before the call", async () => {
    await using functions = await loadFunctions(artifactOf([compile([reverse(COUNT)])]), device);
    const before = device.allocatedBytes;
    const [host, there] = [start(), inDevice([1, 2, 3, 4])];
    for (const array of [host, there]) {
      await functions.call("reverse", array, array);
      expect(array.toArray()).toEqual([4, 3, 2, 1]);
    }
    const long = ndarray(Float32Array.of(1, 2, 3, 4, 0, 0));
    await functions.call("reverse", long.slice(0, 4), long.slice(2));
    expect(long.toArray()).toEqual([1, 2, 4, 3, 2, 1]);
    there.dispose();
    expect(device.allocatedBytes).toBe(before);
  });

  it("is refused when two written arrays share memory", async () => {
    const [p, q] = [floats("p", 1), floats("q", 1)];
    const body = b.seq(b.store(p, [int(0)], b.const(1, "float32")), b.store(q, [int(0)], b.const(2, "float32")));
    await using functions = await loadFunctions(artifactOf([compile([func("both", [p, q], body)])]), device);
    const array = zeros([1]);
    await expect(functions.call("both", array, array.reshape([1]))).rejects.toThrow(code("RT117"));
    const other = zeros([1]);
    await functions.call("both", array, other);
    expect([array.item(0), other.item(0)]).toEqual([1, 2]);
  });
});
