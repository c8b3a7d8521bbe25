import { addGradients } from "@tilewright/autodiff";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { randomLcg, randomNormal } from "d3-random";
import { CLASSES, PIXELS } from "./data-set.js";

/** A network of dense layers with relu between them. */
export interface Network {
  readonly name: string;
  /** Lengths of the rows that go from layer to layer, the input first. */
  readonly widths: readonly number[];
  /** Standard deviation of the initial weights; 0 starts from zeros. */
  readonly scale: number;
}

export const LOGISTIC: Network = { name: "logistic", widths: [PIXELS, CLASSES], scale: 0 };
export const MLP: Network = { name: "mlp", widths: [PIXELS, 256, 100, CLASSES], scale: 0.1 };

export const LEARNING_RATE = 1e-3;

/**
 * One step of training as one graph: inputs `pixels [batch, 784]` and `labels [batch, 10]`, output `loss` (the mean over the batch), and
 * the weights as states that the step moves against the gradient of the summed loss.
 */
export function trainingStep(network: Network, batch: number, seed: number): ops.Model {
  const b = ops.graphBuilder(`${network.name}_step`);
  const pixels = b.input("pixels", "float32", [batch, PIXELS]);
  const labels = b.input("labels", "float32", [batch, CLASSES]);
  const { logits, parameters } = layers(b, network, pixels, seed);
  const total = ops.softmaxCrossEntropy(b, logits, labels, { reduction: "sum" });
  const gradients = addGradients(b, { of: total, withRespectTo: parameters, operators: ops.defaultOperators });
  parameters.forEach((parameter, k) => {
    const gradient = gradients[k];
    if (gradient !== undefined) b.update(parameter, ops.sgdUpdate(b, parameter, gradient, LEARNING_RATE));
  });
  return b.finish([ops.mul(b, total, 1 / batch, "loss")]);
}

/** The same network for use: input `pixels [batch, 784]`, output `scores [batch, 10]`, with states of the same names. */
export function prediction(network: Network, batch: number): ops.Model {
  const b = ops.graphBuilder(network.name);
  const pixels = b.input("pixels", "float32", [batch, PIXELS]);
  return b.finish([layers(b, { ...network, scale: 0 }, pixels, 0).logits]);
}

/** Names of the weights, in the order of the layers. */
export function parameterNames({ widths }: Network): readonly string[] {
  return widths.slice(1).flatMap((_, k) => [`weights${k + 1}`, `bias${k + 1}`]);
}

function layers(b: ops.GraphBuilder, { widths, scale }: Network, pixels: Value, seed: number) {
  const normal = randomNormal.source(randomLcg(seed))(0, scale);
  const initial = (size: number): Float32Array =>
    Float32Array.from({ length: size }, () => (scale === 0 ? 0 : normal()));
  const parameters: Value[] = [];
  let rows = pixels;
  widths.slice(1).forEach((width, k) => {
    const from = widths[k] ?? 1;
    const weights = b.state(`weights${k + 1}`, "float32", [from, width], initial(from * width));
    const bias = b.state(`bias${k + 1}`, "float32", [width], initial(width));
    parameters.push(weights, bias);
    const last = k === widths.length - 2;
    const sums = ops.add(b, ops.matmul(b, rows, weights), bias, last ? "scores" : "");
    rows = last ? sums : ops.relu(b, sums);
  });
  return { logits: rows, parameters };
}
