import { randomArray } from "../random-array.js";
import type { Facts, Given } from "./facts.js";

/** A step of training 784-256-100-10: relu, summed cross entropy, gradient descent. It yields the loss before the step. */
export interface TrainingStep {
  readonly kind: "training-step";
  readonly batch: number;
}

export const WIDTHS = [784, 256, 100, 10] as const;
export const RATE = 1e-4;

export function trainingStep(batch: number): TrainingStep {
  return { kind: "training-step", batch };
}

/** Inputs: `pixels`, `labels` (one-hot), then for each layer `weights<k>` and `bias<k>`, which the first step finds. */
export function trainingStepFacts({ batch }: TrainingStep): Facts {
  const labels = new Float32Array(batch * 10);
  for (let row = 0; row < batch; row++) labels[row * 10 + (row % 10)] = 1;
  const pixels = randomArray(batch * 784, 3).map(Math.abs);
  const layers = WIDTHS.slice(1).flatMap((width, k): Given[] => {
    const from = WIDTHS[k] ?? 1;
    const weights = randomArray(from * width, k + 4).map((x) => x / 10);
    return [
      { name: `weights${k}`, shape: [from, width], values: weights },
      { name: `bias${k}`, shape: [width], values: new Float32Array(width) },
    ];
  });
  const products = WIDTHS.slice(1).map((width, k) => 2 * batch * (WIDTHS[k] ?? 1) * width * (k === 0 ? 2 : 3));
  let loss: number | undefined;
  return {
    workload: `784-256-100-10 batch ${batch}`,
    inputs: [
      { name: "pixels", shape: [batch, 784], values: pixels },
      { name: "labels", shape: [batch, 10], values: labels },
      ...layers,
    ],
    shape: [],
    flops: products.reduce((sum, each) => sum + each, 0),
    bytes: 0,
    exactAt() {
      loss ??= lossOf(pixels, labels, layers, batch);
      return { value: loss, error: 1000 * loss };
    },
  };
}

function lossOf(pixels: Float32Array, labels: Float32Array, layers: readonly Given[], batch: number): number {
  let loss = 0;
  for (let image = 0; image < batch; image++) {
    let activations = Float64Array.from(pixels.subarray(image * 784, (image + 1) * 784));
    for (let k = 0; k < layers.length; k += 2) {
      const [weights, width] = [layers[k]?.values ?? new Float32Array(), layers[k]?.shape[1] ?? 1];
      const sums = Float64Array.from(layers[k + 1]?.values ?? []);
      activations.forEach((activation, from) => {
        for (let j = 0; j < width; j++) sums[j] = (sums[j] ?? 0) + activation * (weights[from * width + j] ?? 0);
      });
      activations = k + 2 < layers.length ? sums.map((sum) => Math.max(sum, 0)) : sums;
    }
    const total = activations.reduce((sum, logit) => sum + Math.exp(logit), 0);
    activations.forEach((logit, digit) => {
      loss += (labels[image * 10 + digit] ?? 0) * (Math.log(total) - logit);
    });
  }
  return loss;
}
