import { arbitraryTensorProgram } from "@tilewright/backend-test";
import { type Expr, isConst, type Tensor } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeOf, uniform, worstDifference } from "../../test/differences.js";
import * as te from "../index.js";

interface Case {
  readonly name: string;
  readonly shapes: readonly (readonly number[])[];
  readonly range?: readonly [number, number];
  readonly build: (...inputs: readonly Tensor[]) => Tensor;
}
const { add, compute, mul, read, reduceAxis, sub, sum } = te;
type Body = (...index: Expr[]) => te.Operand;
const tensor = (shape: readonly number[], body: Body): Tensor => compute(shape, body as (...i: Expr[]) => Expr);

const elementwise = (name: string, f: (x: Expr) => Expr, range?: readonly [number, number]): Case => ({
  name,
  shapes: [[2, 3]],
  build: (x) => compute([2, 3], (i, j) => f(read(x as Tensor, i, j))),
  ...(range === undefined ? {} : { range }),
});
const pairwise = (name: string, f: (x: Expr, y: Expr) => Expr, range?: readonly [number, number]): Case => ({
  name,
  shapes: [[2, 3], [3]],
  build: (x, y) => compute([2, 3], (i, j) => f(read(x as Tensor, i, j), read(y as Tensor, j))),
  ...(range === undefined ? {} : { range }),
});
const one = (name: string, shape: readonly number[], build: (x: Tensor) => Tensor): Case => ({
  name,
  shapes: [shape],
  build: (x) => build(x as Tensor),
});
const two = (
  name: string,
  a: readonly number[],
  b: readonly number[],
  build: (x: Tensor, y: Tensor) => Tensor,
): Case => ({ name, shapes: [a, b], build: (x, y) => build(x as Tensor, y as Tensor) });

const matmul = (transA: boolean, transB: boolean): Case =>
  two(
    `matmul ${transA ? "T" : "N"}${transB ? "T" : "N"}`,
    transA ? [4, 2] : [2, 4],
    transB ? [3, 4] : [4, 3],
    (a, b) => {
      const k = reduceAxis(4, "k");
      const left = (i: Expr): Expr => (transA ? read(a, k, i) : read(a, i, k));
      const right = (j: Expr): Expr => (transB ? read(b, j, k) : read(b, k, j));
      return compute([2, 3], (i, j) => sum(mul(left(i), right(j)), k));
    },
  );

interface Window {
  readonly stride?: number;
  readonly pad?: number;
  readonly dilation?: number;
  readonly groups?: number;
}
/** One channel group of `outputs / groups` a filter; x [channels, n, n], w [outputs, channels / groups, r, r]. */
function conv(
  name: string,
  { stride = 1, pad = 0, dilation = 1, groups = 1 }: Window,
  [channels, outputs] = [2, 2],
): Case {
  const [height, width, r, s] = [6, 5, 3, 2];
  const own = channels / groups;
  return two(name, [channels, height, width], [outputs, own, r, s], (x, w) => {
    const padded = tensor([channels, height + 2 * pad, width + 2 * pad], (c, y, z) => {
      const inside = (at: Expr, extent: number): Expr => te.and(te.ge(at, pad), te.lt(at, extent + pad));
      const here = te.and(inside(y as Expr, height), inside(z as Expr, width));
      return te.ifThenElse(here, read(x, c as Expr, sub(y as Expr, pad), sub(z as Expr, pad)), 0);
    });
    const [c, dy, dz] = [reduceAxis(own, "c"), reduceAxis(r, "r"), reduceAxis(s, "s")];
    const length = (extent: number, taps: number): number =>
      Math.floor((extent + 2 * pad - dilation * (taps - 1) - 1) / stride) + 1;
    return tensor([outputs, length(height, r), length(width, s)], (...[o, p, q]) => {
      const channel = groups === 1 ? c.variable : add(mul(te.floordiv(o as Expr, outputs / groups), own), c);
      const place = (at: Expr, tap: Expr): Expr => add(mul(at, stride), mul(tap, dilation));
      const element = read(
        pad === 0 ? x : padded,
        channel,
        place(p as Expr, dy.variable),
        place(q as Expr, dz.variable),
      );
      return sum(mul(element, read(w, o as Expr, c, dy, dz)), [c, dy, dz]);
    });
  });
}

function pool(name: string, fold: te.Reduction, stride: number): Case {
  return one(name, [5, 6], (x) => {
    const [r, s] = [reduceAxis(2, "r"), reduceAxis(2, "s")];
    const length = (extent: number): number => Math.floor((extent - 2) / stride) + 1;
    return compute([length(5), length(6)], (p, q) =>
      fold(read(x, add(mul(p, stride), r), add(mul(q, stride), s)), [r, s]),
    );
  });
}

const softmax = one("softmax", [2, 4], (x) => {
  const k = reduceAxis(4, "k");
  const greatest = compute([2], (i) => te.max(read(x, i, k), k));
  const total = compute([2], (i) => sum(te.exp(sub(read(x, i, k), read(greatest, i))), k));
  return compute([2, 4], (i, j) => te.div(te.exp(sub(read(x, i, j), read(greatest, i))), read(total, i)));
});
const normalized: Case = {
  name: "layer normalisation",
  shapes: [[2, 4], [4], [4]],
  build: (...inputs) => {
    const [x, scale, shift] = inputs as [Tensor, Tensor, Tensor];
    const k = reduceAxis(4, "k");
    const mean = compute([2], (i) => sum(mul(read(x, i, k), 0.25), k));
    const centered = compute([2, 4], (i, j) => sub(read(x, i, j), read(mean, i)));
    const variance = compute([2], (i) => sum(mul(mul(read(centered, i, k), read(centered, i, k)), 0.25), k));
    return compute([2, 4], (i, j) => {
      const unit = te.div(read(centered, i, j), te.sqrt(add(read(variance, i), 1e-3)));
      return add(mul(unit, read(scale, j)), read(shift, j));
    });
  },
};
const cumulative = one("cumulative sums of a triangle", [2, 5], (x) =>
  compute([2, 5], (i, j) => {
    const k = reduceAxis(add(j, 1), "k");
    return sum(mul(read(x, i, k), read(x, i, k)), k);
  }),
);
const window = one("a running window with a condition", [7], (x) => {
  const k = reduceAxis(3, "k");
  return compute([7], (i) => sum(te.exp(read(x, sub(i, k))), k, { where: te.ge(i, k) }));
});
const tuple = te.commReducer({
  name: "argmax",
  identities: () => [Number.NEGATIVE_INFINITY, 0],
  combine: ([a, p], [b, q]) => {
    const later = te.gt(b as Expr, a as Expr);
    return [te.select(later, b as Expr, a as Expr), te.select(later, q as Expr, p as Expr)];
  },
});

const CASES: readonly Case[] = [
  elementwise("neg", (x) => te.neg(x)),
  elementwise("abs", (x) => te.abs(x)),
  elementwise("exp", (x) => te.exp(x)),
  elementwise("log", (x) => te.log(x), [0.5, 2]),
  elementwise("sqrt", (x) => te.sqrt(x), [0.5, 2]),
  elementwise("sin and cos", (x) => mul(te.sin(x), te.cos(x))),
  elementwise("tanh", (x) => te.tanh(x)),
  elementwise("erf", (x) => te.erf(x)),
  elementwise("sigmoid", (x) => te.sigmoid(x)),
  elementwise("rounding beside a product", (x) =>
    add(mul(x, x), add(te.floor(x), add(te.ceil(x), add(te.round(x), te.trunc(x))))),
  ),
  elementwise("functions inside functions", (x) => te.log(add(1.5, te.tanh(te.sin(mul(x, x)))))),
  elementwise("casts between floats", (x) => te.cast(mul(te.cast(x, "float32"), 3), "float64")),
  elementwise("an integer part", (x) => mul(x, te.cast(te.cast(mul(x, 9), "int32"), "float64"))),
  elementwise("relu6", (x) => te.minimum(te.maximum(mul(x, 4), 0), 2)),
  elementwise("a power with a constant exponent", (x) => te.pow(x, 2.5), [0.5, 2]),
  elementwise("a square and a cube of negatives", (x) => add(te.pow(x, 2), te.pow(x, 3))),
  elementwise("a choice by data", (x) => te.select(te.gt(x, 0.1), te.exp(x), mul(x, x))),
  elementwise("a lazy choice by data", (x) => te.ifThenElse(te.gt(x, 0.1), te.exp(x), mul(x, x))),
  pairwise("add", (x, y) => add(x, mul(y, 2))),
  pairwise("sub", (x, y) => sub(y, x)),
  pairwise("mul", (x, y) => mul(mul(x, y), x)),
  pairwise("div", (x, y) => te.div(x, y), [0.5, 2]),
  pairwise("pow", (x, y) => te.pow(x, y), [0.5, 2]),
  pairwise("maximum and minimum", (x, y) => add(te.maximum(x, y), mul(te.minimum(x, y), 3))),
  two("an outer product", [3], [4], (x, y) => compute([3, 4], (i, j) => mul(read(x, i), read(y, j)))),
  two("a scalar", [], [3], (x, y) => compute([3], (i) => mul(read(x), read(y, i)))),
  one("one element of many", [3, 4], (x) => compute([2], (i) => mul(read(x, i, 2), read(x, 2, add(i, 1))))),
  ...[false, true].flatMap((a) => [false, true].map((b) => matmul(a, b))),
  one("a matrix by its own transpose", [3, 4], (x) => {
    const k = reduceAxis(4, "k");
    return compute([3, 3], (i, j) => sum(mul(read(x, i, k), read(x, j, k)), k));
  }),
  two("stacks of matrices", [2, 3, 2], [2, 2], (x, y) => {
    const k = reduceAxis(2, "k");
    return compute([2, 3, 2], (b, i, j) => sum(mul(read(x, b, i, k), read(y, k, j)), k));
  }),
  conv("conv", {}),
  conv("conv with stride", { stride: 2 }),
  conv("conv with padding", { pad: 1 }),
  conv("conv with dilation", { dilation: 2 }),
  conv("conv with stride, padding and dilation", { stride: 2, pad: 2, dilation: 3 }),
  conv("conv with equal stride and dilation", { stride: 2, pad: 1, dilation: 2 }),
  conv("conv with a stride above the filter", { stride: 4, pad: 1 }),
  conv("conv in groups", { groups: 2, stride: 2, pad: 1 }, [4, 4]),
  conv("depthwise conv", { groups: 3, pad: 1 }, [3, 3]),
  conv("depthwise conv with a multiplier", { groups: 2 }, [2, 4]),
  pool("max pooling", te.max, 2),
  pool("overlapping max pooling", te.max, 1),
  pool("min pooling", te.min, 2),
  pool("average pooling", (value, axes) => sum(mul(value as Expr, 0.25), axes), 2),
  pool("overlapping average pooling", (value, axes) => sum(mul(value as Expr, 0.25), axes), 1),
  softmax,
  normalized,
  one("reshape", [4, 6], (x) => {
    const flat = (i: Expr, j: Expr): Expr => add(mul(i, 8), j);
    return compute([3, 8], (i, j) => te.exp(read(x, te.floordiv(flat(i, j), 6), te.floormod(flat(i, j), 6))));
  }),
  one("flatten", [2, 3, 4], (x) =>
    compute([24], (i) => te.exp(read(x, te.floordiv(i, 12), te.floormod(te.floordiv(i, 4), 3), te.floormod(i, 4)))),
  ),
  one("fold a vector into blocks", [24], (x) =>
    tensor([2, 3, 4], (a, b, c) => te.exp(read(x, add(add(mul(a as Expr, 12), mul(b as Expr, 4)), c as Expr)))),
  ),
  one("transpose", [2, 3, 4], (x) => compute([4, 2, 3], (i, j, k) => te.exp(read(x, j, k, i)))),
  one("a slice with a step", [9], (x) => compute([3], (i) => te.exp(read(x, add(mul(i, 3), 1))))),
  one("a slice backwards", [7], (x) => compute([5], (i) => te.exp(read(x, sub(6, i))))),
  two("concat by a choice", [2, 3], [2, 2], (x, y) =>
    compute([2, 5], (i, j) => te.exp(te.select(te.lt(j, 3), read(x, i, j), read(y, i, sub(j, 3))))),
  ),
  two("interleave by a remainder", [4], [4], (x, y) =>
    compute([8], (i) =>
      te.exp(
        te.ifThenElse(te.eq(te.floormod(i, 2), 0), read(x, te.floordiv(i, 2)), mul(read(y, te.floordiv(i, 2)), 2)),
      ),
    ),
  ),
  one("upsampling", [3], (x) => compute([6], (i) => te.exp(read(x, te.floordiv(i, 2))))),
  one("a periodic read", [3], (x) => compute([7], (i) => te.exp(read(x, te.floormod(i, 3))))),
  one("reads that are clamped at the edges", [5], (x) =>
    compute([7], (i) => te.exp(read(x, te.maximum(te.minimum(sub(i, 1), 4), 0)))),
  ),
  one("reads that the edge stops", [5], (x) => compute([4], (i) => te.exp(read(x, mul(te.floordiv(mul(i, 3), 2), 2))))),
  one("a diagonal", [4, 4], (x) => compute([4], (i) => te.exp(read(x, i, i)))),
  one("the sum of the diagonals' neighbours", [4, 4], (x) =>
    compute([3], (i) => mul(read(x, i, add(i, 1)), read(x, add(i, 1), i))),
  ),
  one("a one-hot diagonal", [3], (x) => compute([3, 3], (i, j) => te.select(te.eq(i, j), te.exp(read(x, i)), 0))),
  one("a Toeplitz matrix", [5], (x) => compute([3, 3], (i, j) => te.exp(read(x, add(sub(i, j), 2))))),
  cumulative,
  window,
  one("a sum with an initial value", [4, 3], (x) => {
    const k = reduceAxis([1, 2], "k");
    return compute([4], (i) => sum(te.exp(read(x, i, k)), k, { initial: mul(read(x, i, 0), read(x, i, 1)) }));
  }),
  one("products, with zeros", [3, 4], (x) => {
    const k = reduceAxis(4, "k");
    return compute([3], (i) => te.prod(te.maximum(read(x, i, k), 0), k));
  }),
  one("a product with a condition and an initial value", [3, 4], (x) => {
    const [j, k] = [reduceAxis([1, 3], "j"), reduceAxis(2, "k")];
    const value = (i: Expr): Expr => add(read(x, i, j), k === undefined ? 0 : te.cast(te.cast(k, "int32"), "float64"));
    return compute([3], (i) => te.prod(value(i), [j, k], { where: te.ne(add(j, k), 2), initial: read(x, i, 0) }));
  }),
  one("the greatest with an initial value and a condition", [3, 4], (x) => {
    const k = reduceAxis([1, 3], "k");
    return compute([3], (i) =>
      te.max(te.exp(read(x, i, k)), k, { where: te.ne(k, 2), initial: add(read(x, i, 0), 1) }),
    );
  }),
  two("the payload of the greatest", [3, 4], [4], (x, y) => {
    const k = reduceAxis(4, "k");
    const [value, payload] = compute([3], (i) => tuple([read(x, i, k), mul(read(y, k), read(x, i, 1))], k));
    return compute([3], (i) => add(mul(read(value as Tensor, i), 2), read(payload as Tensor, i)));
  }),
  two("two outputs of one compute", [3], [3], (x, y) => {
    const [a, b] = compute([3], (i) => [mul(read(x, i), read(y, i)), sub(read(x, i), read(y, i))]);
    return compute([3], (i) => mul(read(a as Tensor, i), read(b as Tensor, sub(2, i))));
  }),
  one("a tensor that several computes read", [4], (x) => {
    const y = compute([4], (i) => te.exp(read(x, i)));
    const z = compute([4], (i) => mul(read(y, i), read(x, sub(3, i))));
    const k = reduceAxis(4, "k");
    return compute([4], (i) => sum(mul(read(y, k), add(read(z, i), read(z, k))), k));
  }),
  one("nothing at all", [3], () => compute([2], (i) => te.cast(te.cast(i, "int32"), "float64"))),
  one("a length of 0", [3, 4], (x) => {
    const k = reduceAxis(0, "k");
    return compute([3], (i) => sum(read(x, i, k), k, { initial: read(x, i, 1) }));
  }),
];

const numbers = (shape: readonly Expr[]): readonly number[] =>
  shape.map((each) => (isConst(each) ? Number(each.value) : 0));
const placeholders = (shapes: readonly (readonly number[])[]): readonly Tensor[] =>
  shapes.map((shape, k) => te.placeholder(shape, { dtype: "float64", name: `x${k}` }));
const pointOf = (tensors: readonly Tensor[], range: readonly [number, number]): Map<Tensor, Float64Array> =>
  new Map(tensors.map((each, k) => [each, uniform(sizeOf(each), range, k + 1)]));
const headOf = (output: Tensor): Tensor => te.placeholder(numbers(output.shape), { dtype: "float64", name: "head" });

describe("gradient agrees with central differences in float64", () => {
  it.each(CASES.map((each) => [each.name, each] as const))("%s", (_, { shapes, range = [-1, 1], build }) => {
    const inputs = placeholders(shapes);
    const output = build(...inputs);
    const head = headOf(output);
    const point = pointOf(inputs, range).set(head, uniform(sizeOf(output), [0.5, 1.5], 11));
    const gradients = te.gradient(output, inputs, { head });
    expect(gradients.map(({ shape }) => numbers(shape))).toEqual(shapes);
    expect(worstDifference(output, inputs, gradients, point, head)).toBeLessThan(1e-8);
    expect(worstDifference(output, inputs, te.gradient(output, inputs), point)).toBeLessThan(1e-8);
  });

  it.each(CASES.map((each) => [each.name, each] as const))("%s, twice", (_, { shapes, range = [-1, 1], build }) => {
    const inputs = placeholders(shapes);
    const output = build(...inputs);
    const head = headOf(output);
    const first = te.gradient(output, inputs, { head });
    for (const of of first) {
      const weights = te.placeholder(numbers(of.shape), { dtype: "float64", name: "weights" });
      const point = pointOf(inputs, range);
      point.set(head, uniform(sizeOf(output), [0.5, 1.5], 11)).set(weights, uniform(sizeOf(of), [0.5, 1.5], 12));
      const varied = [...inputs, head];
      const second = te.gradient(of, varied, { head: weights });
      expect(worstDifference(of, varied, second, point, weights)).toBeLessThan(1e-7);
    }
  });

  it("random programs", () => {
    const programs = arbitraryTensorProgram({ dtype: "float64", maxExtent: 4, maxComputes: 5 });
    const law = fc.property(programs, ({ inputs, outputs }) => {
      for (const output of outputs) {
        const head = headOf(output);
        const point = pointOf(inputs, [-1, 1]).set(head, uniform(sizeOf(output), [0.5, 1.5], 11));
        const gradients = te.gradient(output, inputs, { head });
        expect(worstDifference(output, inputs, gradients, point, head)).toBeLessThan(1e-6);
      }
    });
    fc.assert(law, { numRuns: 60 });
  });
});
