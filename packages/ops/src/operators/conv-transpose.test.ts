import { evaluateModel } from "@tilewright/compiler";
import { isCompileError } from "@tilewright/diagnostics";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as ops from "../index.js";

interface Given {
  /** Batch, groups, channels of a group before and after. */
  readonly counts: readonly [number, number, number, number];
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly options: Required<Pick<ops.ConvTransposeOptions, "strides" | "pads" | "dilations" | "output_padding">>;
  readonly biased: boolean;
}

const small = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, k) => ((k * 7 + seed * 5) % 5) - 2);

/** Each element of `x` is spread over a window of the output, as ONNX defines it. */
function spreadOut(given: Given, shape: readonly number[], [x, w, bias]: readonly Float32Array[]): number[] {
  const [batch, groups, channels, filters] = given.counts;
  const [height, width] = given.size;
  const [kernelHeight, kernelWidth] = given.kernel;
  const { strides, pads, dilations } = given.options;
  const [, outputs = 0, rows = 0, columns = 0] = shape;
  const y = Array.from({ length: batch * outputs * rows * columns }, (_, k) =>
    given.biased ? (bias?.[Math.floor(k / (rows * columns)) % outputs] ?? 0) : 0,
  );
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < groups * channels; c++)
      for (let f = 0; f < filters; f++)
        for (let i = 0; i < height * width; i++)
          for (let k = 0; k < kernelHeight * kernelWidth; k++) {
            const row = Math.floor(i / width) * strides[0] + Math.floor(k / kernelWidth) * dilations[0] - pads[0];
            const column = (i % width) * strides[1] + (k % kernelWidth) * dilations[1] - pads[1];
            if (row < 0 || row >= rows || column < 0 || column >= columns) continue;
            const out = ((n * outputs + Math.floor(c / channels) * filters + f) * rows + row) * columns + column;
            const value = x?.[(n * groups * channels + c) * height * width + i] ?? 0;
            y[out] = (y[out] ?? 0) + value * (w?.[(c * filters + f) * kernelHeight * kernelWidth + k] ?? 0);
          }
  return y;
}

/** The model, and its inputs: activations, weights, bias. */
function transposed({ counts, size, kernel, options, biased }: Given) {
  const [batch, group, channels, filters] = counts;
  const b = ops.graphBuilder("transposed");
  const operator = ops.defaultOperators.get("::ConvTranspose@11") as ops.Operator;
  const shapes = [[batch, group * channels, ...size], [group * channels, filters, ...kernel], [group * filters]];
  const values = shapes.slice(0, biased ? 3 : 2).map((shape, k) => b.input(`x${k}`, "float32", shape));
  const [y] = b.apply(operator, values, { ...options, group });
  if (y === undefined) throw new Error("no output");
  return { model: b.finish([y]), y, values, data: shapes.map((shape, k) => small(ops.sizeOf(shape), k)) };
}

const pair = (min: number, max: number) => fc.tuple(fc.integer({ min, max }), fc.integer({ min, max }));
const geometries = fc
  .record({ strides: pair(1, 3), dilations: pair(1, 2), kernel: pair(1, 4), size: pair(1, 4), more: pair(0, 2) })
  .chain(({ strides, dilations, kernel, size, more }) => {
    const more0 = more.map((each, k) => Math.min(each, (strides[k] ?? 1) - 1)) as [number, number];
    const full = size.map(
      (each, k) => (each - 1) * (strides[k] ?? 1) + ((kernel[k] ?? 1) - 1) * (dilations[k] ?? 1) + 1,
    );
    const pad = (k: number) => fc.integer({ min: 0, max: Math.min(3, Math.floor(((full[k] ?? 1) - 1) / 2)) });
    return fc.record<Given>({
      counts: fc
        .tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }), pair(1, 3))
        .map(([n, g, [c, f]]) => [n, g, c, f]),
      size: fc.constant(size),
      kernel: fc.constant(kernel),
      options: fc
        .tuple(pad(0), pad(1), pad(0), pad(1))
        .map((pads) => ({ strides, dilations, pads, output_padding: more0 })),
      biased: fc.boolean(),
    });
  });

describe("ConvTranspose", () => {
  it("spreads each element over a window, whatever the geometry", () => {
    fc.assert(
      fc.property(geometries, (given) => {
        const { model, y, values, data } = transposed(given);
        const [result] = evaluateModel(model, [y], new Map(values.map((value, k) => [value, data[k] as Float32Array])));
        expect(Array.from(result ?? [], Number)).toEqual(spreadOut(given, ops.shapeOf(y), data));
      }),
      { numRuns: 150 },
    );
  });

  it("gives twice the size for the usual windows of stride 2", () => {
    const b = ops.graphBuilder("sizes");
    const x = b.input("x", "float32", [1, 4, 7, 7]);
    const sizeOf = (kernel: number, options: ops.ConvTransposeOptions) =>
      ops.shapeOf(ops.convTranspose2d(b, x, b.input(`w${kernel}`, "float32", [4, 3, kernel, kernel]), options));
    expect(sizeOf(2, { strides: [2, 2] })).toEqual([1, 3, 14, 14]);
    expect(sizeOf(3, { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] })).toEqual([1, 3, 14, 14]);
    expect(sizeOf(4, { strides: [2, 2], pads: [1, 1, 1, 1] })).toEqual([1, 3, 14, 14]);
  });

  it("refuses what does not fit", () => {
    const b = ops.graphBuilder("wrong");
    const [x, w] = [b.input("x", "float32", [1, 4, 3, 3]), b.input("w", "float32", [4, 2, 3, 3])];
    const operator = ops.defaultOperators.get("::ConvTranspose@11") as ops.Operator;
    const refused = (action: () => unknown): string => {
      try {
        action();
      } catch (error) {
        if (isCompileError(error)) return error.code;
        throw error;
      }
      return "";
    };
    expect(refused(() => ops.convTranspose2d(b, x, w, { output_padding: [1, 0] }))).toBe("OP106");
    expect(refused(() => ops.convTranspose2d(b, x, w, { pads: [3, 0, 3, 0] }))).toBe("OP104");
    expect(refused(() => ops.convTranspose2d(b, x, w, { group: 3 }))).toBe("OP104");
    expect(refused(() => ops.convTranspose2d(b, x, b.input("v", "float32", [3, 2, 3, 3])))).toBe("OP104");
    expect(refused(() => ops.convTranspose2d(b, x, b.input("i", "int32", [4, 2, 3, 3])))).toBe("OP105");
    expect(refused(() => b.apply(operator, [x, w, b.input("bias", "float32", [3])], {}))).toBe("OP104");
  });
});
