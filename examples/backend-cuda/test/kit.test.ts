import { describe, it } from "node:test";
import type { CompiledModule, Toolchain } from "@tilewright/backend";
import { testBackend } from "@tilewright/backend-test";
import { nativeDevice } from "@tilewright/runtime-native";
import { cuda, cudaEmulation, nvcc } from "../src/index.js";

/** Everything that the kit had compiled. */
const compiled: CompiledModule[] = [];
const emulation = cudaEmulation({ optimization: 0 });
const recording: Toolchain = {
  ...emulation,
  build(module, options) {
    compiled.push(module);
    return emulation.build(module, options);
  },
};

testBackend({
  backend: cuda(),
  toolchain: recording,
  device: nativeDevice,
  test: { describe, it },
});

describe("NVIDIA's compiler", async () => {
  const compiler = nvcc();
  const { usable, detail } = await compiler.status();
  it("takes every text that the kit made", {
    skip: usable ? false : `no text is compiled to PTX: ${detail}`,
  }, async (test) => {
    if (compiled.length === 0) throw new Error("the kit made no text");
    for (const module of compiled) await compiler.build(module);
    test.diagnostic(`${compiled.length} modules compiled to PTX by nvcc, ${detail}`);
  });
});
