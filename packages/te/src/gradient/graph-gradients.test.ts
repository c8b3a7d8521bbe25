import { addGradients } from "@tilewright/autodiff";
import { evaluateModel } from "@tilewright/compiler";
import { type DType, isFloat, type Tensor, type Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { describe, expect, it } from "vitest";
import { evaluate, integers, uniform } from "../../test/differences.js";
import * as te from "../index.js";

/** One application of an operator. `exact`: small whole numbers, for which both gradients are exact, and equal to the bit. */
interface Case {
  readonly operator: string;
  readonly shapes: readonly (readonly number[])[];
  readonly attributes?: Parameters<ops.GraphBuilder["apply"]>[2];
  readonly range?: readonly [number, number];
  readonly exact?: boolean;
}
const exact = (operator: string, shapes: Case["shapes"], attributes: Case["attributes"] = {}): Case => ({
  operator,
  shapes,
  attributes,
  exact: true,
});
const close = (operator: string, shapes: Case["shapes"], rest: Partial<Case> = {}): Case => ({
  operator,
  shapes,
  ...rest,
});
const matrix = [3, 4];
const positive = { range: [0.5, 2] } as const;

const CASES: readonly Case[] = [
  exact("Add", [matrix, [4]]),
  exact("Sub", [[3, 1], [2, 1, 4]]), // biome-ignore format: one line
  exact("Mul", [matrix, [3, 1]]),
  exact("Neg", [matrix]),
  exact("Identity", [matrix]),
  exact("Relu", [[5, 6]]),
  exact("ReluGradient", [[5, 6], [5, 6]]), // biome-ignore format: one line
  exact("Cast", [matrix], { to: "float32" }),
  exact("Where", [[3, 4], [4], [3, 1]]),
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB) =>
      exact("MatMul", [transA ? [4, 3] : [3, 4], transB ? [5, 4] : [4, 5]], { transA, transB }),
    ),
  ),
  exact("MatMul", [[2, 3, 4], [4, 2]]), // biome-ignore format: one line
  exact("MatMul", [[2, 3, 4], [1, 2, 4]], { transB: true }), // biome-ignore format: one line
  exact("Conv", [[2, 2, 5, 6], [3, 2, 3, 2]]), // biome-ignore format: one line
  exact("Conv", [[2, 2, 5, 6], [3, 2, 3, 2], [3]], { pads: [1, 0, 2, 1] }),
  exact("Conv", [[1, 2, 6, 7], [2, 2, 3, 2]], { strides: [2, 3], pads: [1, 0, 2, 1], dilations: [1, 2] }), // biome-ignore format: one line
  exact("Conv", [[1, 2, 7, 7], [2, 2, 3, 3]], { strides: [2, 2], dilations: [2, 3], pads: [2, 2, 2, 2] }), // biome-ignore format: one line
  exact("Conv", [[1, 4, 5, 5], [4, 2, 3, 3]], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }), // biome-ignore format: one line
  exact("Conv", [[1, 3, 4, 4], [6, 1, 2, 2]], { group: 3 }), // biome-ignore format: one line
  exact("ConvTranspose", [[1, 2, 3, 3], [2, 2, 3, 3]], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 0] }), // biome-ignore format: one line
  exact("ConvInputGradient", [[1, 2, 3, 3], [2, 2, 3, 3]], { input: [6, 6], strides: [2, 2], pads: [1, 1, 1, 1] }), // biome-ignore format: one line
  exact("ConvWeightGradient", [[1, 2, 6, 6], [1, 2, 3, 3]], { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }), // biome-ignore format: one line
  exact("ReduceSum", [[3, 4, 2]], { axes: [0, 2] }),
  exact("ReduceSum", [matrix], { keepdims: false }),
  close("ReduceMean", [matrix], { attributes: { axes: [-1], keepdims: false } }),
  exact("ReduceMax", [[6, 2]], { axes: [1] }),
  close("ReduceMax", [[3, 8]], { attributes: { axes: [0, 1] }, range: [-1.5, 1.5] }),
  exact("BroadcastTo", [[3, 1, 4]], { shape: [2, 3, 2, 4] }),
  exact("Reshape", [[3, 4, 2]], { shape: [4, 6] }),
  exact("Reshape", [[6]], { shape: [2, 1, 3] }),
  exact("Transpose", [[2, 3, 4]], { perm: [2, 0, 1] }),
  exact("SgdUpdate", [matrix, matrix, []]),
  close("Div", [[4], matrix], positive),
  close("Pow", [matrix, [4]], positive),
  ...["Exp", "Tanh", "Sigmoid", "Erf"].map((operator) => close(operator, [matrix])),
  close("Log", [matrix], positive),
  close("Sqrt", [matrix], positive),
  close("Softmax", [matrix]),
  close("Softmax", [[2, 3, 4]], { attributes: { axis: 1 } }),
  close("LogSoftmax", [matrix]),
  close("SoftmaxCrossEntropy", [matrix, matrix], { range: [0, 1] }),
  close("SoftmaxCrossEntropy", [matrix, matrix], { range: [0, 1], attributes: { reduction: "sum" } }),
];

const operatorNamed = (wanted: string): ops.Operator => {
  const found = [...ops.defaultOperators.values()].find(({ name }) => name.name === wanted);
  if (found === undefined) throw new Error(`no operator ${wanted}`);
  return found;
};

/** Gradients of the floats among the inputs: of the graph, and of the operator's tensor expression. */
function bothGradients({ operator: name, shapes, attributes = {}, range = [-1, 1], exact: whole = false }: Case) {
  const operator = operatorNamed(name);
  const b = ops.graphBuilder(name);
  const types = shapes.map((_, k): DType => (name === "Where" && k === 0 ? "bool" : "float64"));
  const values = shapes.map((shape, k) => b.input(`x${k}`, types[k] ?? "float64", shape));
  const numbers = (count: number, seed: number): Float64Array =>
    whole ? integers(count, 3, seed) : uniform(count, range, seed);
  const data = values.map((value, k) => {
    const own = numbers(ops.sizeOf(ops.shapeOf(value)), k + 1);
    return value.dtype === "bool" ? Uint8Array.from(own, (each) => Number(each > 0)) : own;
  });
  const y = b.apply(operator, values, attributes)[0] as Value;
  const seed = b.input("head", y.dtype, ops.shapeOf(y));
  const weights = numbers(ops.sizeOf(ops.shapeOf(y)), 9);
  const floats = values.filter(({ dtype }) => isFloat(dtype));
  const graph = addGradients(b, { of: y, withRespectTo: floats, operators: ops.defaultOperators, seed });
  const given = new Map(values.map((value, k) => [value, data[k] as Float64Array]));
  const expected = evaluateModel(b.finish([...graph]), graph, given.set(seed, weights), { float64: true });

  const inputs = values.map(({ dtype }, k) => te.placeholder(shapes[k] as number[], { dtype, name: `x${k}` }));
  const output = operator.compute(inputs, attributes)[0] as Tensor;
  const head = te.placeholder(ops.shapeOf(y), { dtype: output.dtype, name: "head" });
  const gradients = te.gradient(output, inputs.filter(({ dtype }) => isFloat(dtype)), { head }); // biome-ignore format: one call
  const point = new Map(inputs.map((input, k) => [input, data[k] as Float64Array]));
  return {
    expected: expected.map((each) => Array.from(each, Number)),
    actual: evaluate(gradients, point.set(head, weights)),
  };
}

describe("gradient of an operator's tensor expression is what the graph's gradient computes", () => {
  const name = (each: Case): string =>
    `${each.operator} ${JSON.stringify(each.shapes)} ${JSON.stringify(each.attributes ?? {})}`;
  it.each(CASES.map((each) => [name(each), each] as const))("%s", (_, each) => {
    const { expected, actual } = bothGradients(each);
    expect(actual.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
    const zeros = (list: number[][]): number[][] => list.map((row) => row.map((value) => value + 0));
    if (each.exact === true) expect(zeros(actual)).toEqual(zeros(expected));
    else {
      actual.forEach((row, k) => {
        row.forEach((value, position) => {
          const wanted = expected[k]?.[position] ?? Number.NaN;
          expect(Math.abs(value - wanted) / (1 + Math.abs(wanted))).toBeLessThan(1e-12);
        });
      });
    }
    expect(actual.some((row) => row.some((value) => value !== 0))).toBe(true);
  });

  it("for every operator of floats that has a gradient", () => {
    const without = ["Equal", "Greater", "Less", "OneHot", "ArgMax"];
    const names = [...ops.defaultOperators.values()]
      .filter(({ gradient }) => gradient !== undefined)
      .map((each) => each.name.name);
    expect(new Set([...CASES.map(({ operator }) => operator), ...without])).toEqual(new Set([...names, ...without]));
  });
});
