import { addGradients } from "@tilewright/autodiff";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import fc from "fast-check";
import { evaluateModel } from "../src/index.js";

export const numbers = (array: ArrayLike<number | bigint> | undefined): number[] =>
  Array.from(array ?? [], (each) => Number(each) + 0);
export const arrayFor = (value: Value, seed: number): Float32Array =>
  Float32Array.from({ length: ops.sizeOf(ops.shapeOf(value)) }, (_, k) => (((k + 1) * (seed + 3) * 7919) % 9) - 4);

/** Outputs and next states of some runs by the reference interpreter, operator after operator. */
export function reference(model: ops.Model, inputs: readonly Float32Array[], runs: number) {
  const { graph } = model;
  let states = new Map<Value, Float32Array>();
  let outputs: number[][] = [];
  for (let run = 0; run < runs; run++) {
    const given = new Map([...graph.inputs.map((value, k) => [value, inputs[k] as Float32Array] as const), ...states]);
    const wanted = [...graph.outputs, ...graph.states.map(({ value, next }) => next ?? value)];
    const results = evaluateModel(model, wanted, given) as readonly Float32Array[];
    outputs = results.slice(0, graph.outputs.length).map(numbers);
    states = new Map(graph.states.map(({ value }, k) => [value, results[graph.outputs.length + k] as Float32Array]));
  }
  return { outputs, states: [...states.values()].map(numbers) };
}

/** A step of training of a perceptron with one hidden layer. */
export function perceptron(): ops.Model {
  const b = ops.graphBuilder("perceptron");
  const x = b.input("x", "float32", [6, 12]);
  const labels = b.input("labels", "float32", [6, 4]);
  const some = (count: number, seed: number) =>
    Array.from({ length: count }, (_, k) => (((k + seed) * 7919) % 17) / 50 - 0.16);
  const w1 = b.state("w1", "float32", [12, 8], some(96, 1));
  const b1 = b.state("b1", "float32", [8]);
  const w2 = b.state("w2", "float32", [8, 4], some(32, 5));
  const b2 = b.state("b2", "float32", [4]);
  const rate = b.input("rate", "float32", []);
  const hidden = ops.relu(b, ops.add(b, ops.matmul(b, x, w1), b1));
  const logits = ops.add(b, ops.matmul(b, hidden, w2), b2, "logits");
  const loss = ops.softmaxCrossEntropy(b, logits, labels, {}, "loss");
  const parameters = [w1, b1, w2, b2];
  const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators: ops.defaultOperators });
  for (const [k, each] of parameters.entries()) b.update(each, ops.sgdUpdate(b, each, gradients[k] as Value, rate));
  return b.finish([loss, logits]);
}

type Step = (b: ops.GraphBuilder, x: Value, y: Value) => Value;
/** Steps on [3, 3] that keep small integers exact. */
const STEPS: readonly Step[] = [
  (b, x, y) => ops.add(b, x, y),
  (b, x, y) => ops.sub(b, x, y),
  (b, x) => ops.relu(b, x),
  (b, x, y) => ops.reluGradient(b, x, y),
  (b, x) => ops.transpose(b, x),
  (b, x) => ops.reshape(b, ops.reshape(b, x, [9]), [3, 3]),
  (b, x, y) => ops.mul(b, ops.matmul(b, x, ops.transpose(b, y)), 0.125),
  (b, x) => ops.broadcastTo(b, ops.reduceMax(b, x, { axes: [1] }), [3, 3]),
  (b, x, y) => ops.add(b, ops.reduceMax(b, x, { axes: [0] }), y),
  (b, x) => ops.add(b, x, b.constant([1, 2, 3])),
  (b, x) => ops.where(b, ops.greater(b, x, b.scalar(0)), x, b.scalar(2)),
  (b, x) =>
    ops.cast(b, ops.add(b, ops.cast(b, x, "int32"), b.constant(1, { dtype: "int32", shape: [3, 3] })), "float32"),
  (b, x, y) => ops.cast(b, ops.sub(b, ops.cast(b, x, "float64"), ops.cast(b, y, "float64")), "float32"),
  (b, x) => ops.oneHot(b, ops.argMax(b, x, { axis: 1, keepdims: false }), 3),
  (b, x, y) =>
    ops.reshape(
      b,
      ops.conv2d(b, ops.reshape(b, x, [1, 1, 3, 3]), ops.reshape(b, ops.mul(b, y, 0.125), [1, 1, 3, 3]), {
        pads: [1, 1, 1, 1],
      }),
      [3, 3],
    ),
];
export const models = fc
  .record({
    steps: fc.array(fc.record({ step: fc.nat({ max: STEPS.length - 1 }), x: fc.nat(), y: fc.nat() }), {
      minLength: 1,
      maxLength: 10,
    }),
    outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
    next: fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
  })
  .map(({ steps, outputs, next }) => {
    const b = ops.graphBuilder("random");
    const states = [b.state("s", "float32", [3, 3], [1, 0, 2, 1, 0, -1, 2, 1, 0]), b.state("t", "float32", [3, 3])];
    const values = [b.input("x", "float32", [3, 3]), b.input("y", "float32", [3, 3]), ...states];
    const pick = (n: number): Value => values[n % values.length] as Value;
    for (const { step, x, y } of steps) values.push((STEPS[step] as Step)(b, pick(x), pick(y)));
    for (const [k, state] of states.entries()) b.update(state, pick(next[k] as number));
    return b.finish(outputs.map(pick));
  });
