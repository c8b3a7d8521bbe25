import { addGradients } from "@tilewright/autodiff";
import { compile } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { deviceArray, loadModel, type NDArray, type Session } from "@tilewright/runtime";
import type { FoundTarget } from "tilewright";
import { type Contender, type Prepared, timeCalls } from "../contender.js";
import { outputPadding } from "../problems/convolution.js";
import type { Given } from "../problems/facts.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { EPSILON, type RowOperation } from "../problems/row-operation.js";
import { RATE, WIDTHS } from "../problems/training-step.js";

/** Ours: the problem as a graph, compiled for a target with the default schedule; inputs and outputs lie in the memory of the device. */
export function tilewright(found: FoundTarget): Contender {
  return {
    name: "tilewright",
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
      const feeds = Object.fromEntries(given.map(({ name }, k) => [name, arrays[k] as NDArray]));
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

function prepared(session: Session, inputs: Arrays, outputs: Arrays, close: () => Promise<void>): Prepared {
  return {
    run: (times) => timeCalls(() => session.run(inputs, { outputs }), times),
    result: async () => Object.values(outputs)[0]?.data as Float32Array,
    close,
  };
}

function modelOf(problem: Problem, inputs: readonly Given[]): ops.Model {
  const b = ops.graphBuilder("problem");
  if (problem.kind === "training-step") return trainingModel(b, inputs);
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
  }
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
      return ops.div(b, centred, ops.sqrt(b, ops.add(b, variance, EPSILON)));
    }
    case "mean":
      return ops.reduceMean(b, x, { axes: [1], keepdims: false });
    case "transpose":
      return ops.transpose(b, x, [1, 0]);
  }
}

function trainingModel(b: ops.GraphBuilder, [pixels, labels, ...layers]: readonly Given[]): ops.Model {
  const input = (given: Given | undefined): Value => b.input(given?.name ?? "", "float32", given?.shape ?? []);
  const [images, wanted] = [input(pixels), input(labels)];
  const parameters = layers.map(({ name, shape, values }) => b.state(name, "float32", shape, values));
  let rows = images;
  for (let k = 0; k < parameters.length; k += 2) {
    const sums = ops.add(b, ops.matmul(b, rows, parameters[k] as Value), parameters[k + 1] as Value);
    rows = k / 2 === WIDTHS.length - 2 ? sums : ops.relu(b, sums);
  }
  const loss = ops.softmaxCrossEntropy(b, rows, wanted, { reduction: "sum" }, "loss");
  const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators: ops.defaultOperators });
  parameters.forEach((parameter, k) => {
    b.update(parameter, ops.sgdUpdate(b, parameter, gradients[k] ?? parameter, RATE));
  });
  return b.finish([loss]);
}
