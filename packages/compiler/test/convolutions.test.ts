import { compile } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpretedModel, interpreted } from "./interpreted.js";
import { arrayFor, numbers, reference } from "./models.js";

interface Layer {
  readonly transposed: boolean;
  readonly group: number;
  /** Of each group, before and after. */
  readonly channels: readonly [number, number];
  readonly size: readonly [number, number];
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly constant: boolean;
}

/** A layer with relu; weights are constants or an input. */
function layer({ transposed, group, channels, size, kernel, stride, pad, constant }: Layer): ops.Model {
  const b = ops.graphBuilder("layer");
  const [before, after] = channels;
  const x = b.input("x", "float32", [1, group * before, ...size]);
  const shape = [...(transposed ? [group * before, after] : [group * after, before]), kernel, kernel];
  const w = constant
    ? b.constant(
        Float32Array.from({ length: ops.sizeOf(shape) }, (_, k) => ((k * 7) % 5) - 2),
        { dtype: "float32", shape },
      )
    : b.input("w", "float32", shape);
  const options = { strides: [stride, stride], pads: [pad, pad, pad, pad], group } as const;
  const more = Math.max(0, Math.min(stride - 1, stride - kernel + 2 * pad));
  const y = transposed
    ? ops.convTranspose2d(b, x, w, { ...options, output_padding: [more, more] })
    : ops.conv2d(b, x, w, options);
  return b.finish([ops.relu(b, y)]);
}

/** The rule of the kernel that runs; its results are those of the graph. */
async function ruleOf(given: Layer): Promise<string> {
  const model = layer(given);
  const { backend, modules } = interpreted();
  const { artifact, report } = await compile(model, { target: backend });
  const [module] = modules;
  if (module === undefined) throw new Error("nothing was compiled");
  const inputs = model.graph.inputs.map((value: Value, k) => arrayFor(value, k));
  expect(new InterpretedModel(artifact, module).run(inputs).map(numbers)).toEqual(reference(model, inputs, 1).outputs);
  return report.kernels[0]?.rule ?? "";
}

const usual: Layer = {
  transposed: true, group: 1, channels: [6, 8], size: [6, 6], kernel: 4, stride: 2, pad: 1, constant: true,
}; // biome-ignore format: a layer

describe("convolutions are products of panels", () => {
  it.each<Partial<Layer>>([
    {},
    { kernel: 2, pad: 0 },
    { kernel: 3, size: [5, 7] },
    { kernel: 3, group: 2, channels: [4, 6], constant: false },
    { kernel: 5, stride: 3, pad: 1 },
    { kernel: 3, stride: 1 },
    { transposed: false, kernel: 3, stride: 1, group: 2 },
    { transposed: false, kernel: 3, group: 4, channels: [3, 5], size: [9, 9] },
  ])("%j", async (different) => {
    expect(await ruleOf({ ...usual, ...different })).toBe("contraction");
  });

  it("of any geometry, or something else that computes the same", async () => {
    const channels = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 9 }));
    const layers = fc.record<Layer>({
      transposed: fc.boolean(),
      group: fc.integer({ min: 1, max: 3 }),
      channels,
      size: fc.tuple(fc.integer({ min: 4, max: 7 }), fc.integer({ min: 4, max: 7 })),
      kernel: fc.integer({ min: 1, max: 4 }),
      stride: fc.integer({ min: 1, max: 3 }),
      pad: fc.integer({ min: 0, max: 1 }),
      constant: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        layers.filter(({ kernel, pad }) => kernel > pad),
        async (given) => void (await ruleOf(given)),
      ),
      { numRuns: 25 },
    );
  });
});
