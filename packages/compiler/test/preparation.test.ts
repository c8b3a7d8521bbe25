import { decodeArtifact, encodeArtifact } from "@tilewright/artifact";
import { wasm } from "@tilewright/codegen-wasm";
import { compile, mergeVariants } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { loadModel, ndarray, wasmDevice } from "@tilewright/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpretedModel, interpreted } from "./interpreted.js";
import { arrayFor, numbers, reference } from "./models.js";

const small = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, k) => ((k * 7 + seed * 5) % 5) - 2);

/** Keeps sums of small numbers small, and exact. */
const shrunk = (b: ops.GraphBuilder, x: Value): Value => ops.relu(b, ops.mul(b, x, 0.0625));

/** `layers` products with constants of `width × width`; `weights[k]` is the number of the constant of layer k. */
function layers(width: number, weights: readonly number[]): ops.Model {
  const b = ops.graphBuilder("layers");
  const constants = new Map<number, Value>();
  let x = b.input("x", "float32", [8, width]);
  for (const number of weights) {
    const w =
      constants.get(number) ??
      b.constant(small(width * width, number), { dtype: "float32", shape: [width, width] }, `w${number}`);
    constants.set(number, w);
    x = shrunk(b, ops.matmul(b, x, w));
  }
  return b.finish([x]);
}

async function compiled(model: ops.Model) {
  const { backend, modules } = interpreted();
  const { artifact, report } = await compile(model, { target: backend });
  const [module] = modules;
  if (module === undefined) throw new Error("nothing was compiled");
  return { artifact, report, session: () => new InterpretedModel(artifact, module) };
}

describe("constants of a model", () => {
  it("are prepared once at load, and each once", async () => {
    const { artifact, report } = await compiled(layers(32, [0, 1, 0, 2]));
    const { model } = artifact.manifest;
    expect(model?.prepare).toBe("layers_prepare");
    expect(artifact.blobs.get("weights")).toHaveLength(3 * 32 * 32 * 4);
    expect(model?.weightsBytes).toBe(2 * 3 * 32 * 32 * 4);
    expect(report.kernels.map(({ name, calls }) => [name, calls])).toEqual([
      ["layers_matmul_mul_relu", 4],
      ["layers_matmul_mul_relu_prepare", 3],
    ]);
  });

  it("stay as they are where nothing is computed from them alone", async () => {
    const b = ops.graphBuilder("sum");
    const c = b.constant(small(64, 1), { dtype: "float32", shape: [64] });
    const { artifact } = await compiled(b.finish([ops.add(b, b.input("x", "float32", [64]), c)]));
    expect(artifact.manifest.model).toMatchObject({ prepare: null, weightsBytes: 256 });
  });

  it("are prepared for what an artifact of two variants runs", async () => {
    const model = layers(32, [0, 1]);
    const variant = async (relaxed: boolean) => (await compile(model, { target: wasm({ relaxed }) })).artifact;
    const [first, second] = [await variant(true), await variant(false)];
    const input = arrayFor(model.graph.inputs[0] as Value, 0);
    const [expected] = reference(model, [input], 1).outputs;
    for (const variants of [
      [first, second],
      [second, first],
    ] as const) {
      const device = await wasmDevice.open();
      const session = await loadModel(decodeArtifact(encodeArtifact(mergeVariants([...variants]))), { device });
      const result = await session.run({ x: ndarray(input as Float32Array, { shape: [8, 32] }) });
      expect(numbers(Object.values(result)[0]?.data as Float32Array)).toEqual(expected);
      await session.dispose();
      await device.close();
    }
  });

  it("give random networks the values that their graphs have", async () => {
    const layer = fc.record({
      kind: fc.constantFrom("left", "right", "both", "convolution"),
      trans: fc.boolean(),
      weights: fc.nat(2),
      scaled: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 3 }), async (chosen) => {
        const model = network(chosen);
        const inputs = model.graph.inputs.map(arrayFor);
        const session = (await compiled(model)).session();
        session.run(inputs);
        expect(session.run(inputs).map(numbers)).toEqual(reference(model, inputs, 2).outputs);
      }),
      { numRuns: 40 },
    );
  });
});

interface Layer {
  readonly kind: string;
  readonly trans: boolean;
  readonly weights: number;
  readonly scaled: boolean;
}

/** A network on 24 × 24 numbers. */
function network(chosen: readonly Layer[]): ops.Model {
  const b = ops.graphBuilder("network");
  const constants = new Map<string, Value>();
  const constant = (shape: readonly number[], seed: number): Value => {
    const name = `c${shape.join("_")}_${seed}`;
    const known = constants.get(name);
    const value = known ?? b.constant(small(ops.sizeOf(shape), seed), { dtype: "float32", shape }, name);
    constants.set(name, value);
    return value;
  };
  let x = b.input("x", "float32", [24, 24]);
  for (const { kind, trans, weights, scaled } of chosen) {
    const w = scaled ? ops.mul(b, constant([24, 24], weights), constant([24, 1], 1)) : constant([24, 24], weights);
    const image = (): Value => ops.reshape(b, x, [1, 3, 8, 24]);
    const convolved = (): Value =>
      ops.conv2d(b, image(), constant([3, 3, 3, 3], weights), { strides: [1, 1], pads: [1, 1, 1, 1] });
    if (kind === "left") x = ops.matmul(b, w, x, { transA: trans });
    else if (kind === "right") x = ops.matmul(b, x, w, { transB: trans });
    else if (kind === "both") x = ops.add(b, x, ops.matmul(b, w, constant([24, 24], 3)));
    else x = ops.reshape(b, convolved(), [24, 24]);
    x = shrunk(b, x);
  }
  return b.finish([x]);
}
