import { readFileSync } from "node:fs";
import type { ModelEntry } from "@tilewright/artifact";
import { build as b, buffer, int, variable } from "@tilewright/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactOf, compile, floats, func } from "../test/programs.js";
import { deviceArray, loadModel, ndarray, type WasmDevice, wasmDevice, zeros } from "./index.js";

/** weights[0] is the factor; `prepare` doubles it. State `seen` counts runs. `y = x · factor + seen`. */
function counterModel() {
  const [arena, weights] = [buffer("arena", { dtype: "uint8", shape: [64] }), floats("weights", 16)];
  const state = floats("state", 16);
  const [x, y] = [floats("x", 3), floats("y", 3)];
  const [zero, i] = [int(0), variable("i")];
  const step = b.store(state, [zero], b.add(b.load(state, [zero]), b.const(1, "float32")));
  const value = b.add(b.mul(b.load(x, [i]), b.load(weights, [zero])), b.load(state, [zero]));
  const run = func(
    "run",
    [arena, weights, state, x, y],
    b.seq(step, b.loop(i, zero, int(3), b.store(y, [i], value))),
    "host",
  );
  const double = b.store(weights, [zero], b.mul(b.load(weights, [zero]), b.const(2, "float32")));
  const prepare = func("prepare", [arena, weights, state], double, "host");
  const model: ModelEntry = {
    entry: "run",
    prepare: "prepare",
    arenaBytes: 64,
    weightsBytes: 64,
    stateBytes: 64,
    weights: "weights",
    inputs: [{ name: "x", dtype: "float32", shape: [3] }],
    outputs: [{ name: "y", dtype: "float32", shape: [3] }],
    states: [
      { name: "seen", dtype: "float32", shape: [1], offset: 0, initial: { blob: "states", offset: 4, byteLength: 4 } },
    ],
  };
  const bytes = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
  return artifactOf([compile([run, prepare])], { model, blobs: { weights: bytes(5), states: bytes(0, 100) } });
}

let device: WasmDevice;
beforeAll(async () => {
  device = (await wasmDevice.open()) as WasmDevice;
});
afterAll(() => device.close());

const code = (expected: string) => expect.objectContaining({ code: expected });
const x = () => ndarray(Float32Array.of(1, 2, 3));

describe("a model", () => {
  it("of a file of version 1 runs as it always did", async () => {
    const file = readFileSync(new URL("../../artifact/test/frozen/model-1.twa", import.meta.url));
    const session = await loadModel(new Uint8Array(file), { device });
    const rows = ndarray([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect((await session.run({ x: rows })).y?.toArray()).toEqual([[22.5, 8], [49.5, 44]]); // biome-ignore format: a matrix
    const { y, argmax } = await session.run({ x: rows });
    expect([y?.toArray(), argmax?.toArray()]).toEqual([[[16.5, 2], [34.5, 29]], [0, 0]]); // biome-ignore format: a matrix
    expect((await session.getState("w")).toArray()).toEqual([[-1, 0], [1, 2], [3, 4]]); // biome-ignore format: a matrix
    expect((await session.getState("seen")).toArray()).toEqual([123, 83]);
    await session.dispose();
    expect(device.allocatedBytes).toBe(0);
  });

  it("is prepared once, keeps states between runs, and gives all memory back", async () => {
    const session = await loadModel(counterModel(), { device });
    expect((await session.run({ x: x() })).y?.toArray()).toEqual([111, 121, 131]);
    expect((await session.run({ x: x() })).y?.toArray()).toEqual([112, 122, 132]);
    expect((await session.getState("seen")).toArray()).toEqual([102]);
    await session.setState("seen", ndarray([0]));
    expect((await session.run({ x: x() })).y?.toArray()).toEqual([11, 21, 31]);
    await session.resetStates();
    expect((await session.getState("seen")).toArray()).toEqual([100]);
    await session.dispose();
    await session.dispose();
    expect(device.allocatedBytes).toBe(0);
  });

  it("shares weights between sessions, which have states of their own", async () => {
    const first = await loadModel(counterModel(), { device });
    const one = device.allocatedBytes;
    await first.run({ x: x() });
    const second = await first.fork();
    expect(device.allocatedBytes - one).toBeLessThan(one);
    expect((await second.run({ x: x() })).y?.toArray()).toEqual([111, 121, 131]);
    await first.dispose();
    expect((await second.run({ x: x() })).y?.toArray()).toEqual([112, 122, 132]);
    await second.dispose();
    expect(device.allocatedBytes).toBe(0);
  });

  it("reads and writes arrays in the device, and outputs that the caller gives", async () => {
    const session = await loadModel(counterModel(), { device });
    const [there, out] = [deviceArray(device, [3]), deviceArray(device, [3])];
    there.data.set([1, 2, 3] as never);
    expect((await session.run({ x: there }, { outputs: { y: out } })).y).toBe(out);
    expect(out.toArray()).toEqual([111, 121, 131]);
    const mine = zeros([3]);
    await session.run({ x: there }, { outputs: { y: mine } });
    expect(mine.toArray()).toEqual([112, 122, 132]);
    there.dispose();
    out.dispose();
    await session.dispose();
  });

  it("takes runs one after another, however they are asked for", async () => {
    await using session = await loadModel(counterModel(), { device });
    const runs = [1, 2, 3, 4].map((k) => session.run({ x: ndarray(Float32Array.of(k, 0, 0)) }));
    const firsts = (await Promise.all(runs)).map(({ y }) => y?.item(0));
    expect(firsts).toEqual([111, 122, 133, 144]);
  });

  it("says what is wrong", async () => {
    const session = await loadModel(counterModel(), { device });
    await expect(session.run({})).rejects.toThrow(code("RT103"));
    await expect(session.run({ x: x(), z: x() })).rejects.toThrow(code("RT103"));
    await expect(session.run({ x: zeros([4]) })).rejects.toThrow(code("RT101"));
    await expect(session.run({ x: zeros([3], "int32") })).rejects.toThrow(code("RT102"));
    await expect(session.run({ x: x() }, { outputs: { y: zeros([2]) } })).rejects.toThrow(code("RT101"));
    await expect(session.run({ x: x() }, { signal: AbortSignal.abort() })).rejects.toThrow(code("RT109"));
    await expect(session.getState("unseen")).rejects.toThrow(code("RT103"));
    await expect(session.setState("seen", zeros([2]))).rejects.toThrow(code("RT101"));
    await session.dispose();
    await expect(session.run({ x: x() })).rejects.toThrow(code("RT104"));
    await expect(loadModel(artifactOf([]), { device })).rejects.toThrow(code("RT116"));
    expect(device.allocatedBytes).toBe(0);
  });
});
