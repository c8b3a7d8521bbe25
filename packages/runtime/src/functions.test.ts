import { readFileSync } from "node:fs";
import { defineHostDevice, encodeArtifact } from "@tilewright/artifact";
import { build as b, buffer, int, variable } from "@tilewright/ir";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { artifactOf, compile, floats, func, parallelRows, scale } from "../test/programs.js";
import { deviceArray, engineFeatures, loadFunctions, ndarray, type WasmDevice, wasmDevice, zeros } from "./index.js";

const N = 10;
let device: WasmDevice;

beforeAll(async () => {
  device = (await wasmDevice.open()) as WasmDevice;
});
afterAll(() => device.close());

const code = (expected: string) => expect.objectContaining({ code: expected });

describe("functions of an artifact", () => {
  it("of a file of version 1 run as they always did", async () => {
    const file = readFileSync(new URL("../../artifact/test/frozen/functions-1.twa", import.meta.url));
    const functions = await loadFunctions(new Uint8Array(file), { device });
    const y = zeros([4], "int32");
    await functions.call("triple", ndarray(Int32Array.of(1, -2, 3, 0)), y);
    expect(y.toArray()).toEqual([3, -6, 9, 0]);
    await functions.dispose();
  });

  it("run on arrays of the caller, from memory and from a file", async () => {
    const artifact = artifactOf([compile([scale(N)])]);
    for (const source of [artifact, encodeArtifact(artifact)]) {
      const functions = await loadFunctions(source, device);
      const y = zeros([N]);
      await functions.call("scale", ndarray(Float32Array.from({ length: N }, (_, k) => k)), 2, y);
      expect(y.toArray()).toEqual(Array.from({ length: N }, (_, k) => 2 * k));
      await functions.dispose();
    }
    expect(device.allocatedBytes).toBe(0);
  });

  it("use arrays in the device where they lie, also after the memory grew", async () => {
    const functions = await loadFunctions(artifactOf([compile([scale(N)])]), device);
    const x = deviceArray(device, [N]);
    const y = deviceArray(device, [N]);
    x.data.fill(3 as never);
    const before = x.data;
    const large = deviceArray(device, [1 << 20]);
    expect(before.length).toBe(0);
    await functions.call("scale", x, 2, y);
    expect(y.toArray()).toEqual(new Array(N).fill(6));
    await functions.call("scale", y.reshape([N]), 2, y);
    expect(y.item(9)).toBe(12);
    for (const array of [x, y, large]) array.dispose();
    expect(() => x.data).toThrow(code("RT104"));
    expect(device.allocatedBytes).toBe(0);
    await functions.dispose();
  });

  it("take scalars of every kind", async () => {
    const out = buffer("out", { dtype: "int64", shape: [1] });
    const [wide, narrow, flag] = [variable("wide", "int64"), variable("narrow", "int32"), variable("flag", "bool")];
    const sum = b.add(wide, b.cast(narrow, "int64"));
    const body = b.store(out, [int(0)], b.select(flag, sum, b.const(0, "int64")));
    const functions = await loadFunctions(artifactOf([compile([func("f", [wide, narrow, flag, out], body)])]), device);
    const result = zeros([1], "int64");
    await functions.call("f", 2n ** 40n, -1, true, result);
    expect(result.item(0)).toBe(2n ** 40n - 1n);
    await functions.call("f", 5, -1, false, result);
    expect(result.item(0)).toBe(0n);
    await expect(functions.call("f", 1.5, 0, true, result)).rejects.toThrow(code("RT102"));
  });

  it("take the first variant that the engine has", async () => {
    const missing = { ...compile([scale(N)]), features: ["not-invented-yet"], bytes: Uint8Array.of(1) };
    const functions = await loadFunctions(artifactOf([missing, compile([scale(N)])]), device);
    const y = zeros([N]);
    await functions.call("scale", zeros([N]), 1, y);
    expect(y.item(0)).toBe(0);
    await expect(loadFunctions(artifactOf([missing]), device)).rejects.toThrow(code("RT107"));
    await expect(loadFunctions(artifactOf([compile([scale(N)], { threads: 2 })]), device)).rejects.toThrow(
      code("RT107"),
    );
    expect(engineFeatures().has("simd")).toBe(true);
    expect(engineFeatures().has("registers-32")).toBe(process.arch === "arm64");
  });

  it("run parallel loops on one thread too", async () => {
    const functions = await loadFunctions(
      artifactOf([
        compile(
          parallelRows("twice", 4, 3, (x, i, j) =>
            b.mul(b.load(x, [b.add(b.mul(i, int(3)), j)]), b.const(2, "float32")),
          ),
        ),
      ]),
      device,
    );
    const out = zeros([12]);
    await functions.call("twice", ndarray(Float32Array.from({ length: 12 }, (_, k) => k)), out);
    expect(out.item(11)).toBe(22);
  });
});

describe("mistakes get an error with a code", () => {
  it("in the call", async () => {
    const functions = await loadFunctions(artifactOf([compile([scale(N)])]), device);
    const [x, y] = [zeros([N]), zeros([N])];
    await expect(functions.call("scales", x, 1, y)).rejects.toThrow(code("RT105"));
    await expect(functions.call("scale", x, 1)).rejects.toThrow(code("RT106"));
    await expect(functions.call("scale", zeros([N + 1]), 1, y)).rejects.toThrow(code("RT101"));
    await expect(functions.call("scale", zeros([N], "float64"), 1, y)).rejects.toThrow(code("RT102"));
    await expect(functions.call("scale", x, y, y)).rejects.toThrow(code("RT102"));
    await expect(functions.call("scale", 1, 1, y)).rejects.toThrow(code("RT102"));
    const gone = zeros([N]);
    gone.dispose();
    await expect(functions.call("scale", gone, 1, y)).rejects.toThrow(code("RT104"));
    await expect(
      functions.callWith({ signal: AbortSignal.abort(new Error("enough")) }, "scale", x, 1, y),
    ).rejects.toThrow(/RT109.*\n.*\n.*\n.*enough/);
    await functions.dispose();
    await functions.dispose();
    await expect(functions.call("scale", x, 1, y)).rejects.toThrow(code("RT104"));
    expect(device.allocatedBytes).toBe(0);
  });

  it("in the compiled code: an assertion, and a trap; the device stays usable", async () => {
    const y = floats("y", 1);
    const n = variable("n", "int32");
    const check = {
      kind: "Assert" as const,
      span: b.span,
      condition: b.binary("lt", n, b.const(3, "int32")),
      message: "`n` must be below 3",
    };
    const far = b.store(y, [b.cast(n, "index")], b.const(1, "float32"));
    const functions = await loadFunctions(
      artifactOf([compile([func("checked", [n, y], b.seq(check, far)), func("wild", [n, y], far)])]),
      device,
    );
    await expect(functions.call("checked", 7, zeros([1]))).rejects.toThrow(/RT110[\s\S]*`n` must be below 3/);
    await expect(functions.call("wild", 2 ** 28, zeros([1]))).rejects.toThrow(code("RT110"));
    const out = zeros([1]);
    await functions.call("checked", 0, out);
    expect(out.item(0)).toBe(1);
  });

  it("in the artifact", async () => {
    const broken = { ...compile([scale(N)]), bytes: Uint8Array.of(0, 97, 115, 109, 2) };
    await expect(loadFunctions(artifactOf([broken]), device)).rejects.toThrow(code("RT111"));
    await expect(loadFunctions(Uint8Array.of(1, 2, 3), device)).rejects.toThrow(code("AR101"));
    const { manifest, blobs } = artifactOf([]);
    await expect(loadFunctions({ manifest: { ...manifest, version: 99 }, blobs }, device)).rejects.toThrow(
      code("AR102"),
    );
  });

  it("in the options, and when memory ends", async () => {
    await expect(wasmDevice.open({ threads: 0 })).rejects.toThrow(code("RT114"));
    await expect(wasmDevice.open({ threads: 1.5 })).rejects.toThrow(code("RT114"));
    await expect(wasmDevice.open({ maxMemoryBytes: 10 })).rejects.toThrow(code("RT114"));
    const small = await wasmDevice.open({ maxMemoryBytes: 1 << 20 });
    expect(() => small.allocate(1 << 20)).toThrow(code("RT108"));
    const kept = small.allocate(1 << 19);
    small.free(kept);
    expect(() => small.view(kept)).toThrow(code("RT104"));
    small.free(small.allocate(1 << 19));
    await small.close();
    await small.close();
    expect(() => small.allocate(1)).toThrow(code("RT104"));
  });
});

describe("a call that is given up", () => {
  it("is the same on every device: nothing is launched, and memory is given back", async () => {
    const artifact = artifactOf([compile([scale(N)])]);
    const launched: string[] = [];
    const load = () => new Map([["scale", () => void launched.push("scale")]]);
    const host = await defineHostDevice({
      name: "host",
      accepts: ["wasm"],
      features: [...engineFeatures()],
      load,
    }).open();
    for (const on of [host, device]) {
      const functions = await loadFunctions(artifact, on);
      const signal = AbortSignal.abort(new Error("enough"));
      const call = functions.callWith({ signal }, "scale", zeros([N]), 2, zeros([N]));
      await expect(call).rejects.toThrow(/RT109[\s\S]*enough/);
      expect([on.allocatedBytes, launched]).toEqual([0, []]);
      await functions.dispose();
    }
    await host.close();
  });
});

describe("memory that is too small", () => {
  it("is refused before code runs", async () => {
    const compiled = compile([scale(N)]);
    const loaded = await device.load(
      { format: "wasm", blob: "", features: compiled.features, functions: compiled.functions },
      compiled.bytes,
    );
    const [small, right] = [device.allocate(N * 4 - 1), device.allocate(N * 4)];
    await expect(loaded.launch("scale", [small, 1, right])).rejects.toThrow(code("RT112"));
    await expect(
      loaded.launch("scale", [{ buffer: right, byteOffset: 4, byteLength: N * 4 }, 1, right]),
    ).rejects.toThrow(code("RT113"));
    await loaded.launch("scale", [right, 1, right]);
    await loaded.close();
    await expect(loaded.launch("scale", [right, 1, right])).rejects.toThrow(code("RT104"));
    device.free(small);
    device.free(right);
  });
});
