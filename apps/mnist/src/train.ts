import type { Artifact, Device } from "@tilewright/artifact";
import type { Target } from "@tilewright/backend";
import { compile } from "@tilewright/compiler";
import { loadModel, type NDArray, type Session } from "@tilewright/runtime";
import { countRight, median, predictedDigits } from "./accuracy.js";
import type { DeviceData } from "./device-data.js";
import { type Network, parameterNames, prediction, trainingStep } from "./networks.js";
import type { Progress } from "./progress.js";

export interface TrainingOptions {
  readonly target: Target;
  readonly device: Device;
  /** Takes the kernels that the target does not, on a device among `others`. */
  readonly host?: Target;
  readonly others?: readonly Device[];
  readonly training: DeviceData;
  readonly validation: DeviceData;
  /** Images in a step; it divides the number of validation images. */
  readonly batch: number;
  readonly epochs: number;
  readonly seed: number;
  /** `none` compiles loops as the expressions have them. */
  readonly schedule: "auto" | "none";
}

export interface Trained {
  /** Part of the validation images that are recognised, after the last epoch. */
  readonly accuracy: number;
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  /** Of the training part of an epoch: the median over epochs. */
  readonly secondsPerEpoch: number;
  readonly weights: ReadonlyMap<string, NDArray>;
}

/** Compiles a network and trains it. Equal options but for the threads of the device give equal weights, to the bit. */
export async function train(network: Network, options: TrainingOptions, progress: Progress): Promise<Trained> {
  const { device, others = [], batch, epochs, seed } = options;
  const name = options.schedule === "none" ? `${network.name} without a schedule` : network.name;
  const started = performance.now();
  const step = await loadModel(await artifactOf(trainingStep(network, batch, seed), options), { device, others });
  const use = await loadModel(await artifactOf(prediction(network, batch), options), { device, others });
  progress.line(`${name}: compiled in ${seconds(started).toFixed(2)} s`);
  const losses: number[] = [];
  const times: number[] = [];
  let accuracy = Number.NaN;
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const title = `${name}, epoch ${epoch} of ${epochs}`;
      const { loss, time } = await trainEpoch(step, options, title, progress);
      await copyWeights(network, step, use);
      accuracy = await accuracyOf(use, options.validation, batch);
      losses.push(loss);
      times.push(time);
      const figures = `loss ${loss.toFixed(4)}, validation ${(accuracy * 100).toFixed(2)} %, ${time.toFixed(2)} s`;
      progress.line(`${title}: ${figures}`);
    }
    const weights = await weightsOf(network, step);
    return { accuracy, losses, secondsPerEpoch: median(times), weights };
  } finally {
    await use.dispose();
    await step.dispose();
  }
}

async function artifactOf(
  model: Parameters<typeof compile>[0],
  { target, host, schedule }: TrainingOptions,
): Promise<Artifact> {
  return (await compile(model, { target, schedule, ...(host === undefined ? {} : { host }) })).artifact;
}

async function trainEpoch(step: Session, options: TrainingOptions, title: string, progress: Progress) {
  const { training, batch } = options;
  const steps = Math.floor(training.count / batch);
  const started = performance.now();
  let sum = 0;
  progress.start(title, steps);
  for (let k = 0; k < steps; k++) {
    const { loss } = await step.run(training.batch(k * batch, (k + 1) * batch));
    sum += Number(loss?.item());
    progress.step(`loss ${(sum / (k + 1)).toFixed(4)}`);
  }
  const time = seconds(started);
  progress.stop();
  return { loss: sum / steps, time };
}

async function accuracyOf(use: Session, validation: DeviceData, batch: number): Promise<number> {
  let right = 0;
  for (let from = 0; from + batch <= validation.count; from += batch) {
    const { scores } = await use.run({ pixels: validation.batch(from, from + batch).pixels });
    const predicted = predictedDigits((scores as NDArray).data as Float32Array);
    right += countRight(predicted, validation.digits.subarray(from, from + batch));
  }
  return right / (validation.count - (validation.count % batch));
}

async function copyWeights(network: Network, from: Session, to: Session): Promise<void> {
  for (const [name, value] of await weightsOf(network, from)) await to.setState(name, value);
}

async function weightsOf(network: Network, session: Session): Promise<ReadonlyMap<string, NDArray>> {
  const weights = new Map<string, NDArray>();
  for (const name of parameterNames(network)) weights.set(name, await session.getState(name));
  return weights;
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}
