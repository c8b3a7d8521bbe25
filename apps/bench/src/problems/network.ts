import { randomArray } from "../random-array.js";
import type { Given } from "./facts.js";

/** The network 784-256-100-10 with relu between its layers: the pixels of a digit in, a score for each class out. */
export const WIDTHS = [784, 256, 100, 10] as const;

/** `weights<k>` and `bias<k>` of each layer, in order. */
export function layers(): readonly Given[] {
  return WIDTHS.slice(1).flatMap((width, k): Given[] => {
    const from = WIDTHS[k] ?? 1;
    const weights = randomArray(from * width, k + 4).map((x) => x / 10);
    return [
      { name: `weights${k}`, shape: [from, width], values: weights },
      { name: `bias${k}`, shape: [width], values: new Float32Array(width) },
    ];
  });
}

/** Images of `count` digits, in rows. */
export function images(count: number): Given {
  return { name: "pixels", shape: [count, 784], values: randomArray(count * 784, 3).map(Math.abs) };
}

/** The scores of one image, in double precision. */
export function scoresOf(pixels: Float32Array, given: readonly Given[]): Float64Array {
  let activations = Float64Array.from(pixels);
  for (let k = 0; k < given.length; k += 2) {
    const [weights, width] = [given[k]?.values ?? new Float32Array(), given[k]?.shape[1] ?? 1];
    const sums = Float64Array.from(given[k + 1]?.values ?? []);
    activations.forEach((activation, from) => {
      for (let j = 0; j < width; j++) sums[j] = (sums[j] ?? 0) + activation * (weights[from * width + j] ?? 0);
    });
    activations = k + 2 < given.length ? sums.map((sum) => Math.max(sum, 0)) : sums;
  }
  return activations;
}
