import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { CompiledModule, Toolchain } from "@tilewright/backend";
import { type KitProgress, runKit } from "@tilewright/backend-test";
import { nativeDevice } from "@tilewright/runtime-native";
import { cuda, cudaEmulation, nvcc } from "../index.js";
import { packageFolder, support, withPart } from "../scripts/picture.js";

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

// `testBackend` is the same in one call; here the report is wanted too.
const results: KitProgress[] = [];
const subject = { backend: cuda(), toolchain: recording, device: nativeDevice };
const report = await runKit(subject, { onProgress: (result) => void results.push(result) });

describe("the conformance kit", () => {
  for (const { test, failure } of results)
    it(`${test.section}: ${test.name}`, () => {
      if (failure !== null) throw new Error(failure);
    });

  it("shows what the README says of its support (npm run readme)", () => {
    const readme = readFileSync(new URL("README.md", packageFolder), "utf8");
    assert.equal(readme, withPart(readme, "support", support(report)));
  });
});

describe("NVIDIA's compiler", async () => {
  const compiler = nvcc();
  const { usable, detail } = await compiler.status();
  const skip = usable ? false : `no text is compiled to PTX: ${detail}`;
  it("takes every text that the kit made", { skip }, async (test) => {
    assert.ok(compiled.length > 0, "the kit made no text");
    for (const module of compiled) await compiler.build(module);
    test.diagnostic(`${compiled.length} modules compiled to PTX by nvcc, ${detail}`);
  });
});
