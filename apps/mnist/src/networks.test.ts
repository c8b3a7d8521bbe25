import { describe, expect, it } from "vitest";
import { LOGISTIC, MLP, type Network, parameterNames, prediction, trainingStep } from "./networks.js";

const stateBytes = (network: Network, seed: number) => [...trainingStep(network, 2, seed).blobs.entries()];

describe("a training step", () => {
  it("starts logistic regression from zeros", () => {
    const bytes = stateBytes(LOGISTIC, 1)
      .filter(([name]) => name === "weights1")
      .flatMap(([, data]) => [...data]);
    expect(bytes).toHaveLength(784 * 10 * 4);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  it("starts from the same weights for the same seed, and from others for another", () => {
    expect(stateBytes(MLP, 5)).toEqual(stateBytes(MLP, 5));
    expect(stateBytes(MLP, 5)).not.toEqual(stateBytes(MLP, 6));
  });

  it("draws weights with a deviation of 0.1", () => {
    const bytes = trainingStep(MLP, 2, 1).blobs.get("weights1");
    const weights = new Float32Array(bytes?.slice().buffer ?? new ArrayBuffer(0));
    const mean = weights.reduce((sum, w) => sum + w, 0) / weights.length;
    const variance = weights.reduce((sum, w) => sum + (w - mean) ** 2, 0) / weights.length;
    expect(weights).toHaveLength(784 * 256);
    expect(mean).toBeCloseTo(0, 2);
    expect(Math.sqrt(variance)).toBeCloseTo(0.1, 2);
  });

  it("moves every weight and gives the loss", () => {
    const { graph } = trainingStep(MLP, 2, 1);
    expect(graph.states.map(({ value, next }) => [value.name, next !== null])).toEqual(
      parameterNames(MLP).map((name) => [name, true]),
    );
    expect(graph.outputs.map(({ name }) => name)).toEqual(["loss"]);
  });
});

describe("a prediction", () => {
  it("has the weights of the training step by name, and leaves them", () => {
    const { graph } = prediction(MLP, 3);
    expect(graph.states.map(({ value, next }) => [value.name, next])).toEqual(
      parameterNames(MLP).map((name) => [name, null]),
    );
    expect(graph.outputs.map(({ name }) => name)).toEqual(["scores"]);
  });
});
