import { trainingStep } from "../problems/training-step.js";
import { raceSuite } from "./race-suite.js";

/** A step of training 784-256-100-10 with relu and cross entropy: forward, gradients, update. */
export const mlpSuite = raceSuite({
  name: "mlp",
  summary: "a training step of the network 784-256-100-10; sizes are batches",
  problems: (sizes) => (sizes ?? [[100], [500]]).map(([batch]) => trainingStep(batch)),
});
