import { addGradients } from "@tilewright/autodiff";
import { compile } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { deviceArray, loadModel, type NDArray, type Session } from "@tilewright/runtime";
import { type Contender, type Prepared, timeCalls } from "../contender.js";
import { outputPadding } from "../problems/convolution.js";
import type { Given } from "../problems/facts.js";
import { WIDTHS } from "../problems/network.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { EPSILON, type RowOperation } from "../problems/row-operation.js";
import { isSingleStep, RATE } from "../problems/training-step.js";
import type { ThreadedTarget } from "../suite.js";

/** Ours: the problem as a graph, compiled for a target with the default schedule; inputs and outputs lie in the memory of the device. */
export function tilewright({ found, threads }: ThreadedTarget): Contender {
  return {
    name: "tilewright",
    threads,
    async prepare(problem) {
      const { inputs } = factsOf(problem);
      const { artifact } = await compile(modelOf(problem, inputs), { target: found.target });
      const device = await found.open();
      const session = await loadModel(artifact, { device });
      const given = inputs.filter(({ name }) => session.inputs.some((input) => input.name === name));
      const arrays = given.map(({ shape, values }) => {
        const array = deviceArray(device, shape);
        (array.data as Float32Array).set(values);
        return array;
      });
      const feeds = feedsOf(problem, (from, to) =>
        Object.fromEntries(given.map(({ name }, k) => [name, rows(arrays[k] as NDArray, from, to)])),
      );
      const outputs = Object.fromEntries(session.outputs.map(({ name, shape }) => [name, deviceArray(device, shape)]));
      return prepared(session, feeds, outputs, async () => {
        await session.dispose();
        for (const array of [...arrays, ...Object.values(outputs)]) array.dispose();
        await device.close();
      });
    },
    async close() {},
  };
}

type Arrays = Readonly<Record<string, NDArray>>;

/** What the runs are given one after the other: batches of the samples, or once all there is. */
function feedsOf(problem: Problem, batch: (from?: number, to?: number) => Arrays): readonly Arrays[] {
  if (problem.kind !== "training-step" || isSingleStep(problem)) return [batch()];
  return Array.from({ length: problem.samples / problem.batch }, (_, k) =>
    batch(k * problem.batch, (k + 1) * problem.batch),
  );
}

const rows = (array: NDArray, from?: number, to?: number): NDArray =>
  from === undefined ? array : array.slice(from, to);

/** The result is that of the first feed. */
function prepared(session: Session, feeds: readonly Arrays[], outputs: Arrays, close: () => Promise<void>): Prepared {
  const out = (): Float32Array => Object.values(outputs)[0]?.data as Float32Array;
  const [first = {}, ...others] = feeds;
  let found = new Float32Array();
  const pass = async (): Promise<void> => {
    await session.run(first, { outputs });
    found = out().slice();
    for (const feed of others) await session.run(feed, { outputs });
  };
  return others.length === 0
    ? { run: (times) => timeCalls(() => session.run(first, { outputs }), times), result: async () => out(), close }
    : { run: (times) => timeCalls(pass, times), result: async () => found, close };
}

/** The problem as a graph; what is constant among its inputs, or trained, is part of it. */
export function modelOf(problem: Problem, inputs: readonly Given[]): ops.Model {
  const b = ops.graphBuilder("problem");
  if (problem.kind === "training-step") return trainingModel(b, problem.batch, inputs);
  const values = inputs.map(({ name, shape, values: data, constant }) =>
    constant ? b.constant(data, { dtype: "float32", shape }, name) : b.input(name, "float32", shape),
  );
  const [x, y, z] = values as [Value, Value, Value];
  switch (problem.kind) {
    case "gemm":
      return b.finish([ops.matmul(b, x, y, problem)]);
    case "convolution": {
      const { stride, pad, group, filters, transposed } = problem;
      const window = { strides: [stride, stride], pads: [pad, pad, pad, pad], group } as const;
      const more = outputPadding(problem);
      const sums = transposed
        ? ops.convTranspose2d(b, x, y, { ...window, output_padding: [more, more] })
        : ops.conv2d(b, x, y, window);
      return b.finish([ops.add(b, sums, ops.reshape(b, z, [1, filters, 1, 1]))]);
    }
    case "row-operation":
      return b.finish([rowValue(b, problem, x, y)]);
    case "inference":
      return b.finish([scores(b, x, values.slice(1))]);
  }
}

/** What the layers, weights and bias by turns, make of rows of pixels. */
function scores(b: ops.GraphBuilder, images: Value, parameters: readonly Value[]): Value {
  let activations = images;
  for (let k = 0; k < parameters.length; k += 2) {
    const sums = ops.add(b, ops.matmul(b, activations, parameters[k] as Value), parameters[k + 1] as Value);
    activations = k / 2 === WIDTHS.length - 2 ? sums : ops.relu(b, sums);
  }
  return activations;
}

function rowValue(b: ops.GraphBuilder, { operation }: RowOperation, x: Value, y: Value): Value {
  switch (operation) {
    case "add":
      return ops.add(b, x, y);
    case "chain":
      return ops.sub(b, ops.mul(b, ops.relu(b, ops.add(b, ops.mul(b, x, y), y)), x), y);
    case "softmax":
      return ops.softmax(b, x, -1);
    case "layer-normalization": {
      const centred = ops.sub(b, x, ops.reduceMean(b, x, { axes: [1], keepdims: true }));
      const variance = ops.reduceMean(b, ops.mul(b, centred, centred), { axes: [1], keepdims: true });
      return ops.mul(b, centred, ops.div(b, 1, ops.sqrt(b, ops.add(b, variance, EPSILON))));
    }
    case "mean":
      return ops.reduceMean(b, x, { axes: [1], keepdims: false });
    case "transpose":
      return ops.transpose(b, x, [1, 0]);
  }
}

function trainingModel(b: ops.GraphBuilder, batch: number, [, , ...layers]: readonly Given[]): ops.Model {
  const [images, wanted] = [b.input("pixels", "float32", [batch, 784]), b.input("labels", "float32", [batch, 10])];
  const parameters = layers.map(({ name, shape, values }) => b.state(name, "float32", shape, values));
  const loss = ops.softmaxCrossEntropy(b, scores(b, images, parameters), wanted, { reduction: "sum" }, "loss");
  const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators: ops.defaultOperators });
  parameters.forEach((parameter, k) => {
    b.update(parameter, ops.sgdUpdate(b, parameter, gradients[k] ?? parameter, RATE));
  });
  return b.finish([loss]);
}
