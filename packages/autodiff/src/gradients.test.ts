import { evaluateModel } from "@tilewright/compiler";
import { isCompileError } from "@tilewright/diagnostics";
import type { DType, Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { describe, expect, it } from "vitest";
import { addGradients, gradient } from "./index.js";

type Build = (b: ops.GraphBuilder, inputs: readonly Value[]) => Value;
interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly range?: readonly [number, number];
  readonly build: Build;
}

/** Uniform numbers from a counter: each test sees the same ones. */
function uniform(count: number, [low, high]: readonly [number, number], seed: number): Float64Array {
  let state = seed * 7919 + 12345;
  return Float64Array.from({ length: count }, () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

const unary = (name: string, f: (b: ops.GraphBuilder, x: Value) => Value, range?: readonly [number, number]): Case => ({
  name,
  shapes: [[3, 4]],
  build: (b, [x]) => f(b, x as Value),
  ...(range === undefined ? {} : { range }),
});
const binary = (
  name: string,
  f: (b: ops.GraphBuilder, x: Value, y: Value) => Value,
  shapes: readonly (readonly number[])[] = [[3, 4], [4]],
  range?: readonly [number, number],
): Case => ({
  name,
  shapes,
  build: (b, [x, y]) => f(b, x as Value, y as Value),
  ...(range === undefined ? {} : { range }),
});

const flags = [false, true].flatMap((transA) => [false, true].map((transB) => ({ transA, transB })));
const CASES: readonly Case[] = [
  binary("Add", (b, x, y) => ops.add(b, x, y)),
  binary("Sub", (b, x, y) => ops.sub(b, x, y), [
    [3, 1],
    [2, 1, 4],
  ]),
  binary("Mul", (b, x, y) => ops.mul(b, x, y)),
  binary("Mul of a value with itself", (b, x) => ops.mul(b, x, x), [[3, 4]]),
  binary("Mul by a constant", (b, x) => ops.mul(b, 3, x), [[3, 4]]),
  binary("Div", (b, x, y) => ops.div(b, x, y), [[4], [3, 4]], [0.5, 2]),
  binary("Pow", (b, x, y) => ops.pow(b, x, y), [[3, 4], [4]], [0.5, 2]),
  unary("Neg", ops.neg),
  unary("Exp", ops.exp),
  unary("Log", ops.log, [0.5, 2]),
  unary("Sqrt", ops.sqrt, [0.5, 2]),
  unary("Tanh", ops.tanh),
  unary("Sigmoid", ops.sigmoid),
  unary("Erf", ops.erf),
  unary("Identity", ops.identity),
  unary("Relu", ops.relu),
  binary("ReluGradient", (b, x, y) => ops.reluGradient(b, x, y), [
    [3, 4],
    [3, 4],
  ]),
  unary("Cast", (b, x) => ops.cast(b, ops.cast(b, x, "float32"), "float64")),
  binary("Where", (b, x, y) => ops.where(b, ops.greater(b, x, y), x, ops.mul(b, y, y))),
  ...flags.map(({ transA, transB }) =>
    binary(`MatMul ${transA ? "T" : "N"}${transB ? "T" : "N"}`, (b, x, y) => ops.matmul(b, x, y, { transA, transB }), [
      transA ? [4, 3] : [3, 4],
      transB ? [2, 4] : [4, 2],
    ]),
  ),
  binary("MatMul of stacks", (b, x, y) => ops.matmul(b, x, y, { transB: true }), [
    [2, 3, 4],
    [1, 2, 4],
  ]),
  binary("Conv", (b, x, y) => ops.conv2d(b, x, y), [
    [2, 2, 4, 5],
    [3, 2, 2, 3],
  ]),
  binary(
    "Conv with strides, pads, dilations",
    (b, x, y) => ops.conv2d(b, x, y, { strides: [2, 1], pads: [1, 0, 2, 1], dilations: [1, 2] }),
    [
      [1, 2, 5, 6],
      [2, 2, 3, 2],
    ],
  ),
  binary("Conv in groups", (b, x, y) => ops.conv2d(b, x, y, { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }), [
    [1, 4, 4, 4],
    [2, 2, 3, 3],
  ]),
  binary(
    "ConvTranspose",
    (b, x, y) =>
      ops.convTranspose2d(b, x, y, { group: 2, strides: [2, 1], pads: [1, 0, 0, 1], output_padding: [1, 0] }),
    [
      [1, 4, 3, 3],
      [4, 2, 3, 2],
    ],
  ),
  unary("ReduceSum", (b, x) => ops.reduceSum(b, x, { axes: [0] })),
  unary("ReduceSum of all", (b, x) => ops.reduceSum(b, x, { keepdims: false })),
  unary("ReduceMean", (b, x) => ops.reduceMean(b, x, { axes: [-1], keepdims: false })),
  unary("ReduceMax", (b, x) => ops.reduceMax(b, x, { axes: [1] })),
  unary("Softmax", (b, x) => ops.softmax(b, x)),
  unary("Softmax of columns", (b, x) => ops.softmax(b, x, 0)),
  unary("LogSoftmax", (b, x) => ops.logSoftmax(b, x)),
  binary(
    "SoftmaxCrossEntropy",
    (b, x, y) => ops.softmaxCrossEntropy(b, x, y),
    [
      [3, 4],
      [3, 4],
    ],
    [0, 1],
  ),
  binary(
    "SoftmaxCrossEntropy, sum",
    (b, x, y) => ops.softmaxCrossEntropy(b, x, y, { reduction: "sum" }),
    [
      [3, 4],
      [3, 4],
    ],
    [0, 1],
  ),
  unary("BroadcastTo", (b, x) => ops.broadcastTo(b, ops.reshape(b, x, [3, 1, 4]), [2, 3, 2, 4])),
  unary("Reshape", (b, x) => ops.reshape(b, x, [2, -1])),
  unary("Transpose", (b, x) => ops.transpose(b, x)),
  binary("Transpose of three axes", (b, x) => ops.transpose(b, x, [2, 0, 1]), [[2, 3, 4]]),
  binary("SgdUpdate", (b, x, y) => ops.sgdUpdate(b, x, y, ops.reduceSum(b, x, { keepdims: false })), [
    [3, 4],
    [3, 4],
  ]),
];

interface Program {
  readonly model: ops.Model;
  readonly inputs: readonly Value[];
  readonly of: Value;
  readonly gradients: readonly Value[];
}

/** Σ weights · f(inputs), weights so that no symmetry hides a mistake; differentiated `order` times. */
function program({ shapes, build }: Case, order: 1 | 2): Program {
  const dtype: DType = "float64";
  const b = ops.graphBuilder("case");
  const inputs = shapes.map((shape, k) => b.input(`x${k}`, dtype, shape));
  const y = build(b, inputs);
  const shape = ops.shapeOf(y);
  const weigh = (value: Value, seed: number): Value => {
    const own = ops.shapeOf(value);
    const weights = b.constant(uniform(ops.sizeOf(own), [0.5, 1.5], seed), { dtype, shape: own }, "weights");
    return ops.reduceSum(b, ops.mul(b, value, weights), { keepdims: false });
  };
  let of = shape.length === 0 ? y : weigh(y, 11);
  let gradients = addGradients(b, { of, withRespectTo: inputs, operators: ops.defaultOperators });
  if (order === 2) {
    of = gradients.map((each, k) => weigh(each, 21 + k)).reduce((sum, each) => ops.add(b, sum, each));
    gradients = addGradients(b, { of, withRespectTo: inputs, operators: ops.defaultOperators });
  }
  return { model: b.finish([of, ...gradients]), inputs, of, gradients };
}

/** The greatest difference between gradients and central differences, relative to 1 + |gradient|. */
function worst({ model, inputs, of, gradients }: Program, range: readonly [number, number]): number {
  const point = new Map(inputs.map((input, k) => [input, uniform(ops.sizeOf(ops.shapeOf(input)), range, k + 1)]));
  const exact = evaluateModel(model, gradients, point, { float64: true });
  const h = 1e-5;
  let difference = 0;
  inputs.forEach((input, k) => {
    const base = point.get(input) as Float64Array;
    base.forEach((at, position) => {
      const moved = (to: number): number => {
        const changed = base.slice();
        changed[position] = to;
        return Number(evaluateModel(model, [of], new Map(point).set(input, changed), { float64: true })[0]?.[0]);
      };
      const slope = (moved(at + h) - moved(at - h)) / (2 * h);
      const own = Number(exact[k]?.[position]);
      difference = Math.max(difference, Math.abs(slope - own) / (1 + Math.abs(own)));
    });
  });
  return difference;
}

describe("addGradients agrees with central differences in float64", () => {
  it.each(CASES.map((each) => [each.name, each] as const))("%s", (_, each) => {
    expect(worst(program(each, 1), each.range ?? [-1, 1])).toBeLessThan(1e-8);
  });
  it.each(CASES.map((each) => [each.name, each] as const))("%s, differentiated twice", (_, each) => {
    expect(worst(program(each, 2), each.range ?? [-1, 1])).toBeLessThan(1e-6);
  });
});

describe("addGradients", () => {
  const operators = ops.defaultOperators;
  const codeOf = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (isCompileError(error)) return error.code;
      throw error;
    }
    return "no error";
  };

  it("gives zeros for what is not used", () => {
    const b = ops.graphBuilder("unused");
    const [x, y] = [b.input("x", "float32", [2, 2]), b.input("y", "float32", [2, 2])];
    const gradients = addGradients(b, { of: ops.exp(b, x), withRespectTo: [y, x], operators });
    const ones = Float32Array.from([0, 0, 0, 0]);
    const given = new Map([[x, ones] as const, [y, ones] as const]);
    expect(evaluateModel(b.finish(gradients), gradients, given).map((each) => [...each])).toEqual([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ]);
  });

  it("starts from a seed where one is given", () => {
    const b = ops.graphBuilder("seed");
    const x = b.input("x", "float32", [2]);
    const seed = b.constant([1, 10]);
    const [gradient] = addGradients(b, { of: ops.mul(b, x, 3), withRespectTo: [x], operators, seed });
    expect(evaluateModel(b.finish([]), [gradient as Value], new Map([[x, Float32Array.of(0, 0)]]))[0]).toEqual(
      Float32Array.of(3, 30),
    );
  });

  it("extends a finished model", () => {
    const b = ops.graphBuilder("model");
    const x = b.input("x", "float32", [2]);
    const y = ops.mul(b, x, x);
    const { model, gradients } = gradient(b.finish([y]), { of: y, withRespectTo: [x], operators });
    expect(model.graph.outputs).toEqual([y, ...gradients]);
    expect(evaluateModel(model, gradients, new Map([[x, Float32Array.of(3, 4)]]))[0]).toEqual(Float32Array.of(6, 8));
  });

  it("names the node that is not differentiable, but only where a gradient would flow", () => {
    const floor = ops.defineOperator({
      name: { domain: "mine", name: "Floor", version: 1 },
      arity: [1, 1],
      infer: (inputs) => inputs,
      compute: (inputs) => inputs,
    });
    const set = ops.operatorSet(...operators.values(), floor);
    const b = ops.graphBuilder("floor");
    const x = b.input("x", "float32", [2]);
    const y = b.input("y", "float32", [2]);
    const floored = b.apply(floor, [x], {}, "rounded")[0] as Value;
    const of = ops.mul(b, floored, y);
    expect(codeOf(() => addGradients(b, { of, withRespectTo: [y], operators: set }))).toBe("no error");
    expect(() => addGradients(b, { of, withRespectTo: [x], operators: set })).toThrow(
      "`rounded` is not differentiable",
    );
    expect(codeOf(() => addGradients(b, { of, withRespectTo: [x], operators: set }))).toBe("AD101");
  });

  it("of a power is 0 where the exponent is 0, at a base of 0 as well, and so is the second", () => {
    const b = ops.graphBuilder("pow");
    const x = b.input("x", "float64", [5]);
    const e = b.input("e", "float64", [5]);
    const [dx] = addGradients(b, { of: ops.pow(b, x, e), withRespectTo: [x], operators }) as [Value];
    const [ddx] = addGradients(b, { of: dx, withRespectTo: [x], operators }) as [Value];
    const given = new Map([
      [x, Float64Array.of(0, 0, -2, 0, 3)],
      [e, Float64Array.of(0, 1, 3, 2, 0)],
    ]);
    const rows = evaluateModel(b.finish([dx, ddx]), [dx, ddx], given).map((row) => Array.from(row, Number));
    expect(rows).toEqual([
      [0, 1, 12, 0, 0],
      [0, 0, -12, 2, 0],
    ]);
  });

  it("refuses values of another builder in every role, also before a node is there", () => {
    const b = ops.graphBuilder("one");
    const x = b.input("x", "float32", [2]);
    const y = ops.mul(b, x, x);
    const foreign = ops.graphBuilder("two").input("y", "float32", [2]);
    expect(codeOf(() => addGradients(b, { of: foreign, withRespectTo: [x], operators }))).toBe("AD102");
    expect(codeOf(() => addGradients(b, { of: y, withRespectTo: [x, foreign], operators }))).toBe("AD102");
    expect(codeOf(() => addGradients(b, { of: y, withRespectTo: [x], seed: foreign, operators }))).toBe("AD102");
    expect(() => addGradients(b, { of: y, withRespectTo: [foreign], operators })).toThrow("`y` is not in the graph");
  });

  it("refuses foreign values, integers and seeds that do not fit", () => {
    const b = ops.graphBuilder("errors");
    const x = b.input("x", "float32", [2]);
    const n = b.input("n", "int32", [2]);
    const y = ops.exp(b, x);
    const model = b.finish([y]);
    const foreign = ops.graphBuilder("other").input("z", "float32", [2]);
    expect(codeOf(() => gradient(model, { of: foreign, withRespectTo: [x], operators }))).toBe("AD102");
    expect(codeOf(() => gradient(model, { of: y, withRespectTo: [foreign], operators }))).toBe("AD102");
    expect(codeOf(() => addGradients(b, { of: n, withRespectTo: [x], operators }))).toBe("AD103");
    expect(codeOf(() => addGradients(b, { of: y, withRespectTo: [n], operators }))).toBe("AD103");
    expect(codeOf(() => addGradients(b, { of: y, withRespectTo: [x], operators, seed: b.scalar(1) }))).toBe("AD104");
  });
});
