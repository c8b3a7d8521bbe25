import { trainingStep } from "../problems/training-step.js";
import { raceSuite } from "./race-suite.js";

const SAMPLES = 60_000;
const BATCH = 500;

/** An epoch of the training of `mlp`: as many samples as MNIST has, in batches. No peer is measured: each step would be what `mlp` shows. */
export const epochSuite = raceSuite({
  name: "epoch",
  summary: `an epoch of training the network 784-256-100-10 in batches of ${BATCH}; sizes are batches in an epoch (${SAMPLES / BATCH})`,
  problems: (sizes) => (sizes ?? [[SAMPLES / BATCH]]).map(([count]) => trainingStep(BATCH, BATCH * count)),
});
