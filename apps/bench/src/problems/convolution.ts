import { randomArray } from "../random-array.js";
import type { Facts } from "./facts.js";

/** A convolution of one image `[1, channels, size, size]` with constant weights, and a bias; ONNX's `Conv`, or `ConvTranspose`. */
export interface Convolution {
  readonly kind: "convolution";
  readonly channels: number;
  readonly filters: number;
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  readonly group: number;
  /** Each pixel is spread over a window of the output, which has `stride` times the size. */
  readonly transposed: boolean;
}

type Options = Partial<Pick<Convolution, "stride" | "pad" | "group" | "transposed">>;

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
    transposed: false,
    ...options,
  };
}

export function outputSize({ size, kernel, stride, pad, transposed }: Convolution): number {
  if (transposed) return size * stride;
  return Math.floor((size + 2 * pad - kernel) / stride) + 1;
}

/** Rows and columns that the output of a transposed one has beyond those that windows reach without it. */
export function outputPadding({ kernel, stride, pad }: Convolution): number {
  return stride - kernel + 2 * pad;
}

export function convolutionFacts(problem: Convolution): Facts {
  const { channels, filters, size, kernel, stride, group, transposed } = problem;
  const [depth, out] = [channels / group, outputSize(problem)];
  const x = randomArray(channels * size * size, 1);
  const weights = randomArray(filters * depth * kernel * kernel, 2);
  const bias = randomArray(filters, 3);
  const terms = depth * kernel * kernel;
  const marks = [
    stride === 1 ? "" : transposed ? ` x${stride}` : ` /${stride}`,
    group === 1 ? "" : group === channels ? " depthwise" : ` group ${group}`,
    transposed ? " transposed" : "",
  ];
  return {
    workload: `${kernel}x${kernel} ${channels}->${filters} ${size}x${size}${marks.join("")}`,
    inputs: [
      { name: "X", shape: [1, channels, size, size], values: x },
      {
        name: "W",
        shape: [...(transposed ? [channels, filters] : [filters, depth]), kernel, kernel],
        values: weights,
        constant: true,
      },
      { name: "bias", shape: [filters], values: bias, constant: true },
    ],
    shape: [1, filters, out, out],
    flops: 2 * filters * terms * (transposed ? size * size : out * out),
    bytes: 4 * (x.length + weights.length + bias.length + filters * out * out),
    exactAt(at) {
      const [f, row, column] = [Math.floor(at / (out * out)), Math.floor(at / out) % out, at % out];
      const first = Math.floor(f / (filters / group)) * depth;
      let value = bias[f] ?? 0;
      let magnitude = Math.abs(value);
      const [rows, columns] = [windowOf(problem, row), windowOf(problem, column)];
      for (let c = 0; c < depth; c++) {
        const filter = transposed ? c * filters + f : f * depth + c;
        for (const [dy, y] of rows)
          for (const [dx, column0] of columns) {
            const weight = weights[(filter * kernel + dy) * kernel + dx] ?? 0;
            const term = weight * (x[((first + c) * size + y) * size + column0] ?? 0);
            value += term;
            magnitude += Math.abs(term);
          }
      }
      return { value, error: terms * magnitude };
    },
  };
}

/** Along one axis of the output: the weights that an element meets, each with the place of the input that it multiplies. */
function windowOf(
  { size, kernel, stride, pad, transposed }: Convolution,
  at: number,
): readonly (readonly [number, number])[] {
  return Array.from({ length: kernel }, (_, tap) => tap).flatMap((tap) => {
    const place = transposed ? (at + pad - tap) / stride : at * stride + tap - pad;
    return Number.isInteger(place) && place >= 0 && place < size ? [[tap, place] as const] : [];
  });
}
