import { randomArray } from "../random-array.js";
import type { Facts } from "./facts.js";

/** A convolution of one image `[1, channels, size, size]` with constant weights, and a bias; ONNX's `Conv`. */
export interface Convolution {
  readonly kind: "convolution";
  readonly channels: number;
  readonly filters: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly group: number;
}

type Options = Partial<Pick<Convolution, "stride" | "pad" | "group">>;

export function convolution(
  channels: number,
  filters: number,
  size: number,
  kernel: number,
  options: Options = {},
): Convolution {
  return {
    kind: "convolution",
    channels,
    filters,
    size,
    kernel,
    stride: 1,
    pad: (kernel - 1) / 2,
    group: 1,
    ...options,
  };
}

export function outputSize({ size, kernel, stride, pad }: Convolution): number {
  return Math.floor((size + 2 * pad - kernel) / stride) + 1;
}

export function convolutionFacts(problem: Convolution): Facts {
  const { channels, filters, size, kernel, stride, pad, group } = problem;
  const [depth, out] = [channels / group, outputSize(problem)];
  const x = randomArray(channels * size * size, 1);
  const weights = randomArray(filters * depth * kernel * kernel, 2);
  const bias = randomArray(filters, 3);
  const terms = depth * kernel * kernel;
  const marks = [
    stride === 1 ? "" : ` /${stride}`,
    group === 1 ? "" : group === channels ? " depthwise" : ` group ${group}`,
  ];
  return {
    workload: `${kernel}x${kernel} ${channels}->${filters} ${size}x${size}${marks.join("")}`,
    inputs: [
      { name: "X", shape: [1, channels, size, size], values: x },
      { name: "W", shape: [filters, depth, kernel, kernel], values: weights, constant: true },
      { name: "bias", shape: [filters], values: bias, constant: true },
    ],
    shape: [1, filters, out, out],
    flops: 2 * filters * out * out * terms,
    bytes: 4 * (x.length + weights.length + bias.length + filters * out * out),
    exactAt(at) {
      const [f, row, column] = [Math.floor(at / (out * out)), Math.floor(at / out) % out, at % out];
      const first = Math.floor(f / (filters / group)) * depth;
      let value = bias[f] ?? 0;
      let magnitude = Math.abs(value);
      for (let c = 0; c < depth; c++) {
        for (let dy = 0; dy < kernel; dy++) {
          const y = row * stride + dy - pad;
          if (y < 0 || y >= size) continue;
          for (let dx = 0; dx < kernel; dx++) {
            const column0 = column * stride + dx - pad;
            if (column0 < 0 || column0 >= size) continue;
            const weight = weights[((f * depth + c) * kernel + dy) * kernel + dx] ?? 0;
            const term = weight * (x[((first + c) * size + y) * size + column0] ?? 0);
            value += term;
            magnitude += Math.abs(term);
          }
        }
      }
      return { value, error: terms * magnitude };
    },
  };
}
