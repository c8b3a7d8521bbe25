import { CompileError } from "@tilewright/diagnostics";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { model } from "../test/models.js";
import { artifactOf, compile, scale } from "../test/programs.js";
import {
  deviceArray,
  loadFunctions,
  loadModel,
  ndarray,
  type Session,
  type WasmDevice,
  wasmDevice,
  zeros,
} from "./index.js";

let device: WasmDevice;
let session: Session;
beforeAll(async () => {
  device = (await wasmDevice.open()) as WasmDevice;
  session = await loadModel(model(), { device });
});
afterAll(() => device.close());

const x = () => ndarray([1, 2, 3, 4]);
const wrong = <T>(value: unknown): T => value as T;

/** What a caller may do when no types stop it, with the code and a part of the text. */
const MISTAKES: readonly (readonly [what: string, code: string, text: string, act: () => unknown])[] = [
  ["run(undefined)", "RT102", "an object of arrays", () => session.run(wrong(undefined))],
  ["run(null)", "RT102", "null", () => session.run(wrong(null))],
  ["an input that is undefined", "RT102", "`x`", () => session.run(wrong({ x: undefined }))],
  ["a list for an input", "RT102", "object of Array", () => session.run(wrong({ x: [1, 2, 3, 4] }))],
  ["a typed array for an input", "RT102", "ndarray(", () => session.run(wrong({ x: new Float32Array(4) }))],
  ["an unknown output", "RT103", "no output `q`", () => session.run({ x: x() }, { outputs: { q: x() } })],
  ["an unknown state", "RT103", "no state `q`", () => session.getState("q")],
  ["a list for a state", "RT102", "`seen`", () => session.setState("seen", wrong([1]))],
  ["writing past the end", "RT113", "within 0 .. 8", () => device.write(device.allocate(8), new Uint8Array(16))],
  ["reading past the end", "RT113", "4 .. 20", () => device.read(device.allocate(8), 4, 16)],
  ["a negative size", "RT113", "-1", () => device.allocate(-1)],
  ["a size that is no number", "RT113", "NaN", () => device.allocate(Number.NaN)],
  ["zeros of a huge shape", "RT108", "smaller arrays", () => zeros([1e6, 1e6])],
  ["zeros of no shape", "RT112", "extents", () => zeros(wrong(null))],
  ["zeros of no type", "RT102", "float31", () => zeros([2], wrong("float31"))],
  ["ndarray of no type", "RT102", "float31", () => ndarray([2], { dtype: wrong("float31") })],
  ["a huge array in the device", "RT108", "bytes", () => deviceArray(device, [1e6, 1e6])],
  ["a fraction for int64", "RT112", "1.5", () => ndarray([1.5], { dtype: "int64" })],
  ["a fraction set in int64", "RT112", "0.5", () => zeros([1], "int64").set(0.5, 0)],
  ["text for a number", "RT112", "string a", () => ndarray(wrong(["a"]))],
  ["null for numbers", "RT112", "null", () => ndarray(wrong(null))],
  ["a DataView", "RT112", "DataView", () => ndarray(wrong(new DataView(new ArrayBuffer(4))))],
  ["half a row", "RT113", "0.5", () => zeros([4, 2]).slice(0.5, 2)],
  ["a model of undefined", "AR101", "undefined", () => loadModel(wrong(undefined), { device })],
  ["a model of text", "AR101", "string", () => loadModel(wrong("model.tilewright"), { device })],
  ["a model of a promise", "AR101", "Promise", () => loadModel(wrong(Promise.resolve()), { device })],
  ["a model of an empty buffer", "AR101", "no bytes", () => loadModel(new ArrayBuffer(0), { device })],
  ["a model without blobs", "AR105", "blobs", () => loadModel(wrong({ manifest: model().manifest }), { device })],
  ["a model without a device", "RT114", "undefined", () => loadModel(model(), wrong(undefined))],
  [
    "a driver for a device",
    "RT114",
    "await wasmDevice.open()",
    () => loadModel(model(), wrong({ device: wasmDevice })),
  ],
  ["functions on a driver", "RT114", "not opened", () => loadFunctions(model(), wrong(wasmDevice))],
  ["an array in a driver", "RT114", "not opened", () => deviceArray(wrong(wasmDevice), [1])],
  ["no scalar", "RT102", "`a`", () => call(zeros([4]), wrong(undefined), zeros([4]))],
  ["text for a scalar", "RT102", "string 2", () => call(zeros([4]), wrong("2"), zeros([4]))],
];

async function call(...args: Parameters<Awaited<ReturnType<typeof loadFunctions>>["call"]>[1][]): Promise<void> {
  await using functions = await loadFunctions(artifactOf([compile([scale(4)])]), device);
  await functions.call("scale", ...args);
}

describe("a mistake that types would stop", () => {
  it.each(MISTAKES)("%s is %s", async (_, code, text, act) => {
    const error = await (async () => act())().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(CompileError);
    expect(error).toMatchObject({ code });
    expect((error as CompileError).message).toContain(text);
    expect((error as CompileError).message).toContain("hint");
  });

  it("leaves the session as it was", async () => {
    expect((await session.getState("seen")).toArray()).toEqual([0]);
  });

  it("rejects the fork of a disposed session", async () => {
    const mine = await session.fork();
    await mine.dispose();
    const fork = mine.fork(); // does not throw here
    await expect(fork).rejects.toThrow(expect.objectContaining({ code: "RT104" }));
  });
});
