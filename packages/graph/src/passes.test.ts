import { addGradients } from "@tilewright/autodiff";
import { evaluateModel } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fuse, type GraphPass, type GraphPassContext, graphPasses, runGraphPasses } from "./index.js";

const operators = ops.defaultOperators;
const context: GraphPassContext = {
  operators,
  evaluate: (model, wanted) =>
    evaluateModel(model, wanted, new Map()).map(
      (array) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength),
    ),
};
const arrayFor = (value: Value, seed: number): Float32Array =>
  Float32Array.from({ length: ops.sizeOf(ops.shapeOf(value)) }, (_, k) => (((k + 1) * (seed + 3) * 7919) % 9) - 4);
const givenFor = ({ graph }: ops.Model) =>
  new Map([...graph.inputs, ...graph.states.map(({ value }) => value)].map((value, k) => [value, arrayFor(value, k)]));
/** Outputs and next states; −0 counts as 0, since x + 0 becomes x. */
const results = (model: ops.Model) => {
  const next = model.graph.states.map(({ next }) => next).filter((value) => value !== null);
  return evaluateModel(model, [...model.graph.outputs, ...next], givenFor(model)).map((array) =>
    Array.from(array as ArrayLike<number>, (each) => Number(each) + 0),
  );
};

type Step = (b: ops.GraphBuilder, x: Value, y: Value) => Value;
/** Steps that keep the shape [3, 3] and small integers exact. */
const STEPS: readonly Step[] = [
  (b, x, y) => ops.add(b, x, y),
  (b, x, y) => ops.sub(b, x, y),
  (b, x) => ops.add(b, x, 0),
  (b, x) => ops.mul(b, 1, x),
  (b, x) => ops.sub(b, x, 0),
  (b, x) => ops.neg(b, x),
  (b, x) => ops.relu(b, x),
  (b, x, y) => ops.reluGradient(b, x, y),
  (b, x) => ops.transpose(b, x),
  (b, x) => ops.reshape(b, ops.reshape(b, x, [9]), [3, 3]),
  (b, x) => ops.identity(b, x),
  (b, x, y) => ops.mul(b, ops.matmul(b, x, ops.transpose(b, y), { transA: true }), 0.125),
  (b, x) => ops.broadcastTo(b, ops.reduceMax(b, x, { axes: [1] }), [3, 3]),
  (b, x, y) => ops.add(b, ops.broadcastTo(b, ops.reduceMax(b, x, { axes: [0] }), [3, 3]), y),
  (b, x) => ops.add(b, x, ops.add(b, b.constant([1, 2, 3]), b.constant(2, { shape: [3] }))),
  (b, x) => ops.where(b, ops.greater(b, x, b.scalar(0)), x, b.scalar(2)),
];

/** Graphs of random steps over two inputs and a state; every value may be read again. */
const models = fc
  .record({
    steps: fc.array(fc.record({ step: fc.nat({ max: STEPS.length - 1 }), x: fc.nat(), y: fc.nat() }), {
      minLength: 1,
      maxLength: 20,
    }),
    outputs: fc.array(fc.nat(), { minLength: 1, maxLength: 3 }),
  })
  .map(({ steps, outputs }) => {
    const b = ops.graphBuilder("random");
    const state = b.state("s", "float32", [3, 3]);
    const values = [b.input("x", "float32", [3, 3]), b.input("y", "float32", [3, 3]), state];
    const pick = (n: number): Value => values[n % values.length] as Value;
    for (const { step, x, y } of steps) values.push((STEPS[step] as Step)(b, pick(x), pick(y)));
    b.update(state, values.at(-1) as Value);
    return b.finish(outputs.map(pick));
  });

const text = ({ graph }: ops.Model): string => graph.nodes.map(({ operator }) => operator.name).join(" ");

describe("graph passes", () => {
  const all: readonly (readonly [string, readonly GraphPass[]])[] = [
    ...new Map(graphPasses.map((pass) => [pass.name, [pass]] as const)),
    ["all passes", graphPasses],
  ];
  it.each(all)("%s: keep what a graph computes", (_, passes) => {
    fc.assert(
      fc.property(models, (model) => {
        const after = runGraphPasses(model, passes, context);
        expect(results(after), text(model)).toEqual(results(model));
      }),
      { numRuns: 100 },
    );
  });

  const built = (build: (b: ops.GraphBuilder, x: Value) => Value): string => {
    const b = ops.graphBuilder("small");
    return text(runGraphPasses(b.finish([build(b, b.input("x", "float32", [2, 2]))]), graphPasses, context));
  };
  it("fold, simplify and merge", () => {
    expect(built((b, x) => ops.add(b, x, ops.mul(b, b.scalar(2), b.scalar(3))))).toBe("Add");
    expect(built((b, x) => ops.mul(b, ops.add(b, ops.identity(b, x), 0), 1))).toBe("");
    expect(built((b, x) => ops.transpose(b, ops.transpose(b, x)))).toBe("");
    expect(built((b, x) => ops.reshape(b, ops.reshape(b, x, [4]), [1, 4]))).toBe("Reshape");
    expect(built((b, x) => ops.neg(b, ops.neg(b, x)))).toBe("");
    expect(built((b, x) => ops.matmul(b, ops.transpose(b, x), x))).toBe("MatMul");
    expect(built((b, x) => ops.add(b, ops.exp(b, x), ops.exp(b, x)))).toBe("Exp Add");
    expect(built((b, x) => ops.add(b, x, ops.broadcastTo(b, b.scalar(1), [2, 2])))).toBe("Add");
    expect(built((b, x) => ops.add(b, ops.mul(b, x, 0), ops.sub(b, 0, x)))).toBe("Mul Sub Add");
  });

  it("fold only what is computed soon, each node and all together", () => {
    const ones = (b: ops.GraphBuilder, ...shape: readonly number[]) => b.constant(1, { shape });
    const product = (b: ops.GraphBuilder, x: Value, size: number, left: number) =>
      ops.add(b, x, ops.reduceSum(b, ops.matmul(b, ones(b, size, left), ones(b, left, size))));
    expect(built((b, x) => product(b, x, 64, 256))).toBe("Add");
    expect(built((b, x) => product(b, x, 64, 257))).toBe("MatMul ReduceSum Add");
    const three = (b: ops.GraphBuilder, x: Value) => product(b, product(b, product(b, x, 64, 255), 64, 254), 64, 253);
    expect(built(three)).toBe("Add Add MatMul ReduceSum Add");
    const pads = [37, 37, 37, 37] as const;
    const convolved = (b: ops.GraphBuilder) => ops.conv2d(b, ones(b, 1, 1, 100, 100), ones(b, 1, 1, 75, 75), { pads });
    expect(built((b, x) => ops.add(b, x, ops.reduceSum(b, convolved(b), { keepdims: false })))).toBe(
      "Conv ReduceSum Add",
    );
  });

  it("report each pass, and whether it changed the graph", () => {
    const b = ops.graphBuilder("report");
    const seen: string[] = [];
    const model = b.finish([ops.add(b, b.input("x", "float32", [2]), 0)]);
    runGraphPasses(model, graphPasses, context, (name, _, changed) => seen.push(`${name} ${changed}`));
    expect(seen[2]).toBe("simplify-graph true");
  });
});

describe("fuse", () => {
  const groupsOf = (model: ops.Model) => fuse(model.graph, { operators });
  const names = (model: ops.Model): string[] =>
    groupsOf(model).map(({ nodes, kind }) => `${kind}: ${nodes.map(({ operator }) => operator.name).join(" ")}`);

  it("puts every node into one group, and each group after what it reads", () => {
    fc.assert(
      fc.property(models, (model) => {
        const groups = groupsOf(model);
        expect(groups.flatMap(({ nodes }) => nodes)).toHaveLength(model.graph.nodes.length);
        const known = new Set<Value>([
          ...model.graph.inputs,
          ...model.graph.constants.map(({ value }) => value),
          ...model.graph.states.map(({ value }) => value),
        ]);
        for (const { inputs, outputs } of groups) {
          expect(inputs.every((input) => known.has(input))).toBe(true);
          for (const output of outputs) known.add(output);
        }
        for (const output of model.graph.outputs) expect(known.has(output)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  const small = (build: (b: ops.GraphBuilder, x: Value, w: Value) => readonly Value[]) => {
    const b = ops.graphBuilder("small");
    return b.finish(build(b, b.input("x", "float32", [8, 8]), b.input("w", "float32", [8, 8])));
  };
  it("joins epilogues, chains and cheap operands", () => {
    expect(
      names(small((b, x, w) => [ops.relu(b, ops.add(b, ops.matmul(b, x, w), b.constant(1, { shape: [8] })))])),
    ).toEqual(["anchor: MatMul Add Relu"]);
    expect(names(small((b, x, w) => [ops.tanh(b, ops.mul(b, ops.exp(b, x), w))]))).toEqual([
      "elementwise: Exp Mul Tanh",
    ]);
    expect(names(small((b, x, w) => [ops.matmul(b, ops.reluGradient(b, x, w), w)]))).toEqual([
      "anchor: ReluGradient MatMul",
    ]);
    expect(names(small((b, x) => [ops.reduceSum(b, ops.exp(b, x), { axes: [1] })]))).toEqual([
      "reduction: Exp ReduceSum",
    ]);
  });
  it("puts what stands between two products behind the first", () => {
    const model = small((b, x, w) => [ops.matmul(b, ops.relu(b, ops.add(b, ops.matmul(b, x, w), 1)), w)]);
    expect(names(model)).toEqual(["anchor: MatMul Add Relu", "anchor: MatMul"]);
  });
  it("keeps apart what would be computed many times, twice folded, or is read elsewhere", () => {
    expect(names(small((b, x, w) => [ops.matmul(b, ops.exp(b, x), w)]))).toEqual([
      "elementwise: Exp",
      "anchor: MatMul",
    ]);
    expect(names(small((b, x) => [ops.softmax(b, ops.exp(b, x), 0)]))).toEqual([
      "elementwise: Exp",
      "reduction: Softmax",
    ]);
    expect(names(small((b, x, w) => [ops.matmul(b, ops.matmul(b, x, w), w)]))).toEqual([
      "anchor: MatMul",
      "anchor: MatMul",
    ]);
    const twice = small((b, x, w) => {
      const y = ops.matmul(b, x, w);
      return [y, ops.relu(b, y)];
    });
    expect(names(twice)).toEqual(["anchor: MatMul", "elementwise: Relu"]);
    expect(names(small((b, x, w) => [ops.add(b, w, ops.reshape(b, ops.relu(b, x), [8, 8]))]))).toEqual([
      "elementwise: Relu",
      "view: Reshape",
      "elementwise: Add",
    ]);
  });

  it("puts folds of the same rows together, with what is between them", () => {
    const normalized = (b: ops.GraphBuilder, x: Value, axis = 1): Value => {
      const centred = ops.sub(b, x, ops.reduceMean(b, x, { axes: [axis], keepdims: true }));
      const variance = ops.reduceMean(b, ops.mul(b, centred, centred), { axes: [axis], keepdims: true });
      return ops.div(b, centred, ops.sqrt(b, ops.add(b, variance, 1e-5)));
    };
    const whole = "ReduceMean Sub Mul ReduceMean Add Sqrt Div";
    expect(names(small((b, x) => [normalized(b, x)]))).toEqual([`reduction: ${whole}`]);
    expect(names(small((b, x) => [ops.softmax(b, ops.exp(b, x))]))).toEqual(["reduction: Exp Softmax"]);
    expect(names(small((b, x) => [normalized(b, x, 0)])).length).toBeGreaterThan(1);
    expect(names(small((b, x, w) => [normalized(b, ops.relu(b, ops.matmul(b, x, w)))]))).toEqual([
      "anchor: MatMul Relu",
      `reduction: ${whole}`,
    ]);
    for (const shape of [
      [4, 64],
      [16, 20_000],
    ]) {
      const b = ops.graphBuilder("other");
      const model = b.finish([normalized(b, b.input("x", "float32", shape))]);
      expect(names(model).length, shape.join(" x ")).toBeGreaterThan(1);
    }
  });

  it("makes of a training step one kernel for each product, its epilogue and its update inside", () => {
    const b = ops.graphBuilder("step");
    const x = b.input("x", "float32", [16, 12]);
    const labels = b.input("labels", "float32", [16, 4]);
    const [w1, b1] = [b.state("w1", "float32", [12, 8]), b.state("b1", "float32", [8])];
    const [w2, b2] = [b.state("w2", "float32", [8, 4]), b.state("b2", "float32", [4])];
    const h = ops.relu(b, ops.add(b, ops.matmul(b, x, w1), b1));
    const logits = ops.add(b, ops.matmul(b, h, w2), b2);
    const loss = ops.softmaxCrossEntropy(b, logits, labels, { reduction: "sum" });
    const parameters = [w1, b1, w2, b2];
    const gradients = addGradients(b, { of: loss, withRespectTo: parameters, operators });
    for (const [k, each] of parameters.entries()) b.update(each, ops.sgdUpdate(b, each, gradients[k] as Value, 0.1));
    const model = runGraphPasses(b.finish([loss]), graphPasses, context);
    expect(results(model)).toHaveLength(5);
    expect(names(model)).toEqual([
      "anchor: MatMul Add Relu",
      "anchor: MatMul Add",
      "reduction: SoftmaxCrossEntropy",
      "reduction: ReduceSum Softmax Mul Sub",
      "anchor: MatMul ReluGradient",
      "anchor: MatMul SgdUpdate",
      "reduction: ReduceSum SgdUpdate",
      "anchor: MatMul SgdUpdate",
      "reduction: ReduceSum SgdUpdate",
    ]);
  });
});
