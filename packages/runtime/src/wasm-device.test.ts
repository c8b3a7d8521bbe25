import { build as b, int, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { artifactOf, compile, floats, func } from "../test/programs.js";
import { deviceArray, loadFunctions, wasmDevice, zeros } from "./index.js";

const code = (expected: string) => expect.objectContaining({ code: expected });

/** `last(out)`: fills a scratch buffer of `length` with 7 and stores its last element. */
function scratch(length: number) {
  const [out, buffer, i] = [floats("out", 1), floats("scratch", length), variable("i")];
  const fill = b.loop(i, int(0), int(length), b.store(buffer, [i], b.const(7, "float32")));
  const body = b.allocate(buffer, b.seq(fill, b.store(out, [int(0)], b.load(buffer, [int(length - 1)]))));
  return artifactOf([compile([func("last", [out], body)])]);
}

describe("the workspace of the WebAssembly device", () => {
  it("stays as it was when there is no memory for a larger one", async () => {
    const device = await wasmDevice.open({ maxMemoryBytes: 1 << 20 });
    const functions = await loadFunctions(scratch(20_000), device);
    await expect(loadFunctions(scratch(400_000), device)).rejects.toThrow(code("RT108"));
    const mine = Array.from({ length: 64 }, () => deviceArray(device, [1024]));
    for (const array of mine) array.data.fill(1 as never);
    const out = zeros([1]);
    await functions.call("last", out);
    expect(out.item(0)).toBe(7);
    expect(mine.every((array) => Array.from(array.data as Float32Array).every((value) => value === 1))).toBe(true);
    await device.close();
  });
});
