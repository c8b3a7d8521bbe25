import type { Facts, Given } from "./facts.js";
import { images, layers, scoresOf, WIDTHS } from "./network.js";

/**
 * Training of the network with summed cross entropy and gradient descent: a step, or steps over all samples, one batch after the other. It
 * yields the loss of the first batch before its step.
 */
export interface TrainingStep {
  readonly kind: "training-step";
  readonly batch: number;
  /** A multiple of `batch`. */
  readonly samples: number;
}

export const RATE = 1e-4;

export function trainingStep(batch: number, samples = batch): TrainingStep {
  return { kind: "training-step", batch, samples };
}

export const isSingleStep = ({ batch, samples }: TrainingStep): boolean => batch === samples;

/** Inputs: `pixels`, `labels` (one-hot), then for each layer `weights<k>` and `bias<k>`, which the first step finds. */
export function trainingStepFacts(problem: TrainingStep): Facts {
  const { batch, samples } = problem;
  const labels = new Float32Array(samples * 10);
  for (let row = 0; row < samples; row++) labels[row * 10 + (row % 10)] = 1;
  const pixels = images(samples);
  const given = layers();
  const products = WIDTHS.slice(1).map((width, k) => 2 * samples * (WIDTHS[k] ?? 1) * width * (k === 0 ? 2 : 3));
  let loss: number | undefined;
  return {
    workload: `${WIDTHS.join("-")} batch ${batch}${isSingleStep(problem) ? "" : ` of ${samples}`}`,
    inputs: [pixels, { name: "labels", shape: [samples, 10], values: labels }, ...given],
    shape: [],
    flops: products.reduce((sum, each) => sum + each, 0),
    bytes: 0,
    exactAt() {
      loss ??= lossOf(pixels.values, labels, given, batch);
      return { value: loss, error: 1000 * loss };
    },
  };
}

function lossOf(pixels: Float32Array, labels: Float32Array, given: readonly Given[], batch: number): number {
  let loss = 0;
  for (let image = 0; image < batch; image++) {
    const scores = scoresOf(pixels.subarray(image * 784, (image + 1) * 784), given);
    const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
    scores.forEach((score, digit) => {
      loss += (labels[image * 10 + digit] ?? 0) * (Math.log(total) - score);
    });
  }
  return loss;
}
