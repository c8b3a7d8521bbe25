import { type Artifact, decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import { wasm } from "@tilewright/codegen-wasm";
import { compile, mergeVariants } from "@tilewright/compiler";
import * as ops from "@tilewright/ops";
import { engineFeatures, loadModel, ndarray, wasmDevice } from "@tilewright/runtime";
import { describe, expect, it } from "vitest";

function model(width: number): ops.Model {
  const b = ops.graphBuilder("layer");
  const x = b.input("x", "float32", [4, 8]);
  const w = b.state("w", "float32", [8, width], new Float32Array(8 * width).fill(0.5));
  return b.finish([ops.relu(b, ops.matmul(b, x, w), "y")]);
}

const variant = async (relaxed: boolean, width = 16): Promise<Artifact> =>
  (await compile(model(width), { target: wasm({ relaxed }) })).artifact;

describe("an artifact of two variants", () => {
  it("runs on this engine, whichever it can run, and holds the states once", async () => {
    const both = mergeVariants([await variant(true), await variant(false)]);
    expect(both.manifest.modules.map(({ features }) => features)).toEqual([["simd", "relaxed-simd"], ["simd"]]);
    expect([...both.blobs.keys()].filter((name) => name === "states")).toHaveLength(1);
    const device = await wasmDevice.open();
    const session = await loadModel(decodeArtifact(encodeArtifact(both)), { device });
    const { y } = await session.run({ x: ndarray(new Float32Array(32).fill(1), { shape: [4, 8] }) });
    expect(y?.data).toEqual(new Float32Array(64).fill(4));
    await session.dispose();
    await device.close();
  });

  it("runs where only the second can", async () => {
    const first = await variant(true);
    const impossible = first.manifest.modules.map((entry) => ({
      ...entry,
      features: [...entry.features, "of another age"],
    }));
    const both = mergeVariants([
      { ...first, manifest: { ...first.manifest, modules: impossible } },
      await variant(false),
    ]);
    expect(engineFeatures().has("simd")).toBe(true);
    const device = await wasmDevice.open();
    const session = await loadModel(both, { device });
    const { y } = await session.run({ x: ndarray(new Float32Array(32), { shape: [4, 8] }) });
    expect(y?.data).toEqual(new Float32Array(64));
    await session.dispose();
    await device.close();
  });

  it("may hold one for processors with more registers, which computes the same", async () => {
    const b = ops.graphBuilder("product");
    const [x, w] = [b.input("x", "float32", [23, 40]), b.input("w", "float32", [40, 37])];
    const product = b.finish([ops.matmul(b, x, w, {}, "y")]);
    const artifactFor = async (registers: 16 | 32) =>
      (await compile(product, { target: wasm({ registers }) })).artifact;
    const both = mergeVariants([await artifactFor(32), await artifactFor(16)]);
    expect(both.manifest.modules.map(({ features }) => features)).toEqual([["simd", "registers-32"], ["simd"]]);
    const values = (length: number, k: number) => Float32Array.from({ length }, (_, i) => ((i * k) % 17) - 8);
    const inputs = {
      x: ndarray(values(23 * 40, 7), { shape: [23, 40] }),
      w: ndarray(values(40 * 37, 5), { shape: [40, 37] }),
    };
    const results = both.manifest.modules.map(async (module) => {
      const alone = { ...both, manifest: { ...both.manifest, modules: [{ ...module, features: ["simd"] }] } };
      await using device = await wasmDevice.open();
      await using session = await loadModel(alone, { device });
      return [...((await session.run(inputs)).y?.data ?? [])];
    });
    const [wide, usual] = await Promise.all(results);
    expect(wide).toEqual(usual);
    expect(usual?.some((value) => value !== 0)).toBe(true);
  });

  it("is refused for two different models", async () => {
    const two = [await variant(false), await variant(false, 8)] as const;
    expect(() => mergeVariants([...two])).toThrowError(expect.objectContaining({ code: "CO110" }));
  });
});
