import type { Facts } from "./facts.js";
import { images, layers, scoresOf, WIDTHS } from "./network.js";

/** The scores of the network for a batch of images; its weights are constants. */
export interface Inference {
  readonly kind: "inference";
  readonly batch: number;
}

export function inference(batch: number): Inference {
  return { kind: "inference", batch };
}

/** Inputs: `pixels`, then for each layer `weights<k>` and `bias<k>`. */
export function inferenceFacts({ batch }: Inference): Facts {
  const pixels = images(batch);
  const given = layers().map((each) => ({ ...each, constant: true }));
  const elements = WIDTHS.slice(1).map((width, k) => (WIDTHS[k] ?? 1) * width);
  return {
    workload: `${WIDTHS.join("-")} inference, batch ${batch}`,
    inputs: [pixels, ...given],
    shape: [batch, 10],
    flops: elements.reduce((sum, each) => sum + 2 * batch * each, 0),
    bytes: 0,
    exactAt(at) {
      const row = Math.floor(at / 10);
      const value = scoresOf(pixels.values.subarray(row * 784, (row + 1) * 784), given)[at % 10] ?? Number.NaN;
      return { value, error: 1000 };
    },
  };
}
