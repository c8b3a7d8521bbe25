import type { OperatorName } from "@tilewright/ir";
import * as references from "./assignment-references.js";

/** What fills an input: numbers between `low` and `high`, or a 1 in each row and zeros beside it. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly fill: { readonly low: number; readonly high: number } | "one-hot";
}

/** One operator on given shapes, with what it must give in float64. All tensors are float32. */
export interface OperatorCase {
  readonly name: string;
  readonly operator: OperatorName;
  readonly attributes: { readonly [name: string]: number | boolean | string | readonly number[] };
  readonly inputs: readonly CaseInput[];
  readonly outputShape: readonly number[];
  /** |actual − expected| ≤ absolute + relative · |expected|. */
  readonly tolerance: { readonly relative: number; readonly absolute: number };
  readonly reference: (inputs: readonly Float64Array[]) => Float64Array;
}

type Shape = readonly number[];

const RTOL = { relative: 1e-5, absolute: 0 };
const EXACT = { relative: 0, absolute: 0 };
const POSITIVE = { low: 0, high: 10 };
const between = (bound: number) => ({ low: -bound, high: bound });
const onnx = (name: string, version: number): OperatorName => ({ domain: "", name, version });
const ours = (name: string): OperatorName => ({ domain: "tilewright", name, version: 1 });

/** Shapes of the table, and small ones with primes for the interpreter. */
const SHAPES = {
  full: {
    elementwise: [500, 200], constant: [2000, 3000], matmul: [500, 700, 1000], conv: [100, 3, 28, 28, 10, 5, 5], relu: [2000, 2500],
    softmax: [400, 1000], reduce: [500, 200, 100], broadcast: [130, 200, 300],
  },
  small: {
    elementwise: [5, 7], constant: [6, 11], matmul: [5, 7, 11], conv: [2, 3, 8, 9, 4, 5, 3], relu: [7, 6],
    softmax: [5, 13], reduce: [5, 4, 3], broadcast: [3, 4, 5],
  },
} as const; // biome-ignore format: two tables

/**
 * The operators of a first course on deep-learning compilers, with their shapes, ranges and tolerances: elementwise, by a constant, four
 * matrix multiplications, convolution, relu and its gradient, softmax, cross entropy, a sum, a broadcast and the update of gradient descent.
 */
export function assignmentCases(size: "full" | "small" = "full"): readonly OperatorCase[] {
  const shapes = SHAPES[size];
  return [
    ...arithmeticCases(shapes.elementwise, shapes.constant),
    ...matmulCases(shapes.matmul),
    convCase(shapes.conv),
    ...reluCases(shapes.relu),
    ...softmaxCases(shapes.softmax),
    ...shapeCases(shapes.reduce, shapes.broadcast),
    updateCase(shapes.elementwise),
  ];
}

function arithmeticCases(shape: Shape, wide: Shape): readonly OperatorCase[] {
  const make = (name: string, op: "Add" | "Mul", on: Shape, other: Shape): OperatorCase => ({
    name,
    operator: onnx(op, 14),
    attributes: {},
    inputs: [on, other].map((each) => ({ shape: each, fill: POSITIVE })),
    outputShape: on,
    tolerance: RTOL,
    reference: references.pointwise((x, y) => (op === "Add" ? x + y : x * y)),
  });
  return [
    make("elementwise add", "Add", shape, shape),
    make("elementwise multiply", "Mul", shape, shape),
    make("add a constant", "Add", wide, []),
    make("multiply by a constant", "Mul", wide, []),
  ];
}

function matmulCases([m = 1, k = 1, n = 1]: Shape): readonly OperatorCase[] {
  return [false, true].flatMap((transA) =>
    [false, true].map((transB): OperatorCase => {
      const shapes = [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n]];
      return {
        name: `matrix multiply ${transA ? "T" : "N"}${transB ? "T" : "N"}`,
        operator: ours("MatMul"),
        attributes: { transA, transB },
        inputs: shapes.map((shape) => ({ shape, fill: POSITIVE })),
        outputShape: [m, n],
        tolerance: RTOL,
        reference: references.matmul(m, n, k, transA, transB),
      };
    }),
  );
}

function convCase([n = 1, c = 1, h = 1, w = 1, o = 1, r = 1, s = 1]: Shape): OperatorCase {
  return {
    name: "conv2d",
    operator: onnx("Conv", 11),
    attributes: {},
    inputs: [
      [n, c, h, w],
      [o, c, r, s],
    ].map((shape) => ({ shape, fill: POSITIVE })),
    outputShape: [n, o, h - r + 1, w - s + 1],
    tolerance: RTOL,
    reference: references.conv(n, c, h, w, o, r, s),
  };
}

function reluCases(shape: Shape): readonly OperatorCase[] {
  return [
    {
      name: "relu",
      operator: onnx("Relu", 14),
      attributes: {},
      inputs: [{ shape, fill: between(1) }],
      outputShape: shape,
      tolerance: EXACT,
      reference: references.pointwise((x) => Math.max(x, 0)),
    },
    {
      name: "relu gradient",
      operator: ours("ReluGradient"),
      attributes: {},
      inputs: [
        { shape, fill: between(5) },
        { shape, fill: between(1) },
      ],
      outputShape: shape,
      tolerance: EXACT,
      reference: references.pointwise((g, x) => (x > 0 ? g : 0)),
    },
  ];
}

function softmaxCases(shape: Shape): readonly OperatorCase[] {
  const [rows = 1, classes = 1] = shape;
  return [
    {
      name: "softmax",
      operator: onnx("Softmax", 13),
      attributes: { axis: -1 },
      inputs: [{ shape, fill: between(5) }],
      outputShape: shape,
      tolerance: RTOL,
      reference: references.softmax(rows, classes),
    },
    {
      name: "softmax cross entropy",
      operator: ours("SoftmaxCrossEntropy"),
      attributes: { reduction: "mean" },
      inputs: [
        { shape, fill: between(5) },
        { shape, fill: "one-hot" },
      ],
      outputShape: [],
      tolerance: RTOL,
      reference: references.crossEntropy(rows, classes),
    },
  ];
}

function shapeCases(reduce: Shape, broadcast: Shape): readonly OperatorCase[] {
  return [
    {
      name: "reduce sum of axis 0",
      operator: onnx("ReduceSum", 11),
      attributes: { axes: [0], keepdims: false },
      inputs: [{ shape: reduce, fill: between(5) }],
      outputShape: reduce.slice(1),
      tolerance: { relative: 1e-5, absolute: 1e-3 },
      reference: references.sumRows(reduce[0] ?? 1),
    },
    {
      name: "broadcast to",
      operator: ours("BroadcastTo"),
      attributes: { shape: broadcast },
      inputs: [{ shape: broadcast.slice(1), fill: between(1) }],
      outputShape: broadcast,
      tolerance: EXACT,
      reference: references.repeat(broadcast[0] ?? 1),
    },
  ];
}

function updateCase(shape: Shape): OperatorCase {
  return {
    name: "gradient descent update",
    operator: ours("SgdUpdate"),
    attributes: {},
    inputs: [
      { shape, fill: between(5) },
      { shape, fill: between(5) },
      { shape: [], fill: { low: 0.001, high: 0.1 } },
    ],
    outputShape: shape,
    tolerance: { relative: 1e-5, absolute: 1e-6 },
    reference: references.pointwise((x, g, rate) => x - rate * g),
  };
}

/** The inputs of a case as float32, the same for the same seed. */
export function caseInputs({ inputs }: OperatorCase, seed = 1): readonly Float32Array[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return inputs.map(({ shape, fill }) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    if (fill !== "one-hot")
      return Float32Array.from({ length: count }, () => fill.low + (fill.high - fill.low) * next());
    const width = shape[shape.length - 1] ?? 1;
    const data = new Float32Array(count);
    for (let row = 0; row < count; row += width) data[row + Math.floor(next() * width)] = 1;
    return data;
  });
}

/** The first element outside the tolerance, as text; null when all are inside. */
export function mismatch(
  { tolerance: { relative, absolute } }: OperatorCase,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): string | null {
  if (actual.length !== expected.length) return `${expected.length} elements expected, ${actual.length} given`;
  for (let k = 0; k < expected.length; k++) {
    const [a = Number.NaN, e = Number.NaN] = [actual[k], expected[k]];
    if (!(Math.abs(a - e) <= absolute + relative * Math.abs(e))) return `element ${k}: ${e} expected, ${a} given`;
  }
  return null;
}
