import { addGradients } from "@tilewright/autodiff";
import { compile, evaluateModel } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { type Device, deviceArray, loadModel, type NDArray } from "@tilewright/runtime";
import { type Measurement, medianMilliseconds } from "../measurement.js";
import { randomArray } from "../random-array.js";
import { type Suite, type SuiteOptions, WrongResult } from "../suite.js";

const WIDTHS = [784, 256, 100, 10] as const;
const CHECKED_BATCH = 4;

/** A step of training 784-256-100-10 with relu and cross entropy: forward, gradients, update. Sizes are batches. */
export const mlpSuite: Suite = {
  name: "mlp",
  summary: "a training step of the network 784-256-100-10; sizes are batches",
  defaultSizes: [1000],
  async run(options) {
    await checkStep(options);
    const measurements: Measurement[] = [];
    for (const batch of options.sizes) measurements.push(await measure(batch, options));
    return measurements;
  },
};

async function measure(batch: number, { found, threads, repetitions }: SuiteOptions): Promise<Measurement> {
  const { artifact } = await compile(trainingStep(batch), { target: found.target });
  const device = await found.open();
  try {
    const session = await loadModel(artifact, { device });
    const inputs = inputsOf(batch);
    const there = onDevice(device, inputs);
    const run = async (): Promise<void> => void (await session.run(there));
    const medianMs = await medianMilliseconds(run, { repetitions });
    return {
      suite: "mlp",
      workload: `batch ${batch}`,
      contender: "tilewright",
      threads,
      medianMs,
      gflops: flopsOf(batch) / medianMs / 1e6,
    };
  } finally {
    await device.close();
  }
}

/** Products alone: forward, and for each layer the gradient of the weights and, but for the first, of the input. */
function flopsOf(batch: number): number {
  return WIDTHS.slice(1).reduce((sum, width, k) => sum + 2 * batch * (WIDTHS[k] ?? 1) * width * (k === 0 ? 2 : 3), 0);
}

interface Given {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

function inputsOf(batch: number): { readonly [name: string]: Given } {
  const labels = new Float32Array(batch * 10);
  for (let row = 0; row < batch; row++) labels[row * 10 + (row % 10)] = 1;
  return {
    pixels: { shape: [batch, 784], values: randomArray(batch * 784, 3).map(Math.abs) },
    labels: { shape: [batch, 10], values: labels },
  };
}

function onDevice(device: Device, inputs: { readonly [name: string]: Given }): { readonly [name: string]: NDArray } {
  const arrays = Object.entries(inputs).map(([name, { shape, values }]) => {
    const array = deviceArray(device, shape);
    (array.data as Float32Array).set(values);
    return [name, array] as const;
  });
  return Object.fromEntries(arrays);
}

/** The loss of a small step against the interpreter. @throws WrongResult */
async function checkStep({ found }: SuiteOptions): Promise<void> {
  const model = trainingStep(CHECKED_BATCH);
  const { artifact } = await compile(model, { target: found.target });
  const device = await found.open();
  try {
    const session = await loadModel(artifact, { device });
    const inputs = inputsOf(CHECKED_BATCH);
    const { loss } = await session.run(onDevice(device, inputs));
    const given = new Map(
      model.graph.inputs.map((input) => [input, inputs[input.name]?.values ?? new Float32Array(0)]),
    );
    const [exact] = evaluateModel(model, model.graph.outputs, given);
    const computed = Number((loss as NDArray).item());
    if (!(Math.abs(computed - Number(exact?.[0])) <= 1e-4 * Math.abs(Number(exact?.[0])))) {
      throw new WrongResult(`the loss is ${computed}, not ${exact?.[0]}`);
    }
  } finally {
    await device.close();
  }
}

function trainingStep(batch: number): ops.Model {
  const b = ops.graphBuilder("mlp");
  const parameters: Value[] = [];
  let rows = b.input("pixels", "float32", [batch, WIDTHS[0]]);
  const labels = b.input("labels", "float32", [batch, 10]);
  WIDTHS.slice(1).forEach((width, k) => {
    const from = WIDTHS[k] ?? 1;
    const weights = b.state(
      `weights${k}`,
      "float32",
      [from, width],
      randomArray(from * width, k).map((x) => x / 10),
    );
    const bias = b.state(`bias${k}`, "float32", [width]);
    parameters.push(weights, bias);
    const sums = ops.add(b, ops.matmul(b, rows, weights), bias);
    rows = k === WIDTHS.length - 2 ? sums : ops.relu(b, sums);
  });
  const loss = ops.softmaxCrossEntropy(b, rows, labels, { reduction: "sum" }, "loss");
  const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators: ops.defaultOperators });
  parameters.forEach((parameter, k) => {
    b.update(parameter, ops.sgdUpdate(b, parameter, gradients[k] ?? parameter, 1e-4));
  });
  return b.finish([loss]);
}
