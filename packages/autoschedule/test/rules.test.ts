import { autoschedule, registerTile } from "@tilewright/autoschedule";
import type { Capabilities } from "@tilewright/backend";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import { lower } from "@tilewright/lower";
import { print, replay, type Schedule, toPrimFunc } from "@tilewright/schedule";
import {
  add, and, compute, div, exp, ge, ifThenElse, lt, max, maximum, mul, placeholder, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { type Expr, type IRModule, type IterVar, isConst, NO_TARGET, type Tensor } from "./support.js";

const wide: Capabilities = { ...NO_TARGET, vector: { bytes: 16, registers: 16, predicated: false }, threads: 2 };
const avx: Capabilities = { ...wide, vector: { bytes: 32, registers: 16, predicated: false }, fusedMultiplyAdd: true };

const sizeOf = (tensor: Tensor): number =>
  tensor.shape.reduce((product, extent) => product * (isConst(extent) ? Number(extent.value) : 0), 1);
const integers = (count: number, salt: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * 5 + salt * 3 + ((i * i) % 7)) % 7) - 3);

/** Runs what the rule made, scheduled and lowered, against the expressions themselves. */
function check(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  capabilities: Capabilities,
  tolerance = 0,
): string {
  const { trace, rule } = autoschedule(outputs, { capabilities });
  const func = toPrimFunc(replay(outputs, trace));
  const module: IRModule = { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
  const given = new Map<string, TypedArray>(
    inputs.map((tensor, salt) => [tensor.name, integers(sizeOf(tensor), salt)]),
  );
  const expected = evaluateTensors(outputs, given);
  for (const program of [module, lower(module, { capabilities }).module]) {
    const memory = Object.fromEntries([
      ...given,
      ...outputs.map((tensor) => [tensor.name, new Float32Array(sizeOf(tensor)).fill(Number.NaN)] as const),
    ]);
    interpret(program, memory, { entry: func.name });
    outputs.forEach((tensor, k) => {
      const [actual, wanted] = [memory[tensor.name] as Float32Array, expected[k] as Float32Array];
      if (tolerance === 0) expect(actual).toEqual(wanted);
      else
        actual.forEach((value, i) => {
          expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThanOrEqual(tolerance * Math.abs(wanted[i] ?? 0));
        });
    });
  }
  return rule;
}

function product(rows: number, columns: number, fold: number, transposeLeft: boolean, transposeRight: boolean) {
  const left = placeholder(transposeLeft ? [fold, rows] : [rows, fold], { name: "L" });
  const right = placeholder(transposeRight ? [columns, fold] : [fold, columns], { name: "R" });
  const k = reduceAxis(fold, "k");
  const C = compute(
    [rows, columns],
    (i, j) =>
      sum(
        mul(
          transposeLeft ? read(left, k, i) : read(left, i, k),
          transposeRight ? read(right, j, k) : read(right, k, j),
        ),
        k,
      ),
    { name: "C" },
  );
  return { left, right, C };
}

describe("a product is tiled in registers whatever the orientation of its operands and the size", () => {
  const orientations = [
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ] as const;
  const shapes = [
    [16, 16, 16],
    [17, 19, 23],
    [50, 10, 33],
    [5, 64, 40],
    [3, 3, 1000],
    [64, 9, 9],
  ] as const;
  for (const [rows, columns, fold] of shapes) {
    it.each(orientations)(`${rows}x${columns}x${fold}, transposed %s %s`, (left, right) => {
      const g = product(rows, columns, fold, left, right);
      for (const capabilities of [wide, avx]) expect(check([g.C], [g.left, g.right], capabilities)).toBe("matmul");
    });
  }

  it("with bias and activation in the store, and an elementwise producer packed as it is computed", () => {
    const X = placeholder([30, 20], { name: "X" });
    const W = placeholder([20, 18], { name: "W" });
    const b = placeholder([18], { name: "b" });
    const H = compute([30, 20], (i, j) => maximum(read(X, i, j), 0), { name: "H" });
    const k = reduceAxis(20, "k");
    const C = compute([30, 18], (i, j) => sum(mul(read(H, i, k), read(W, k, j)), k), { name: "C" });
    const D = compute([30, 18], (i, j) => add(read(C, i, j), read(b, j)), { name: "D" });
    const E = compute([30, 18], (i, j) => maximum(read(D, i, j), 0), { name: "E" });
    expect(check([E], [X, W, b], wide)).toBe("matmul");
  });

  it("and a small one is not", () => {
    const g = product(2, 2, 2, false, false);
    expect(check([g.C], [g.left, g.right], wide)).toBe("reduction");
  });
});

interface Window {
  readonly batch?: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly pad?: number;
  readonly kernel?: readonly [number, number];
}

/** A convolution of `[batch, channels, height, width]`, with bias and relu after it. */
function convolution(filters: number, channels: number, height: number, width: number, window: Window = {}) {
  const { batch = 1, stride = 1, dilation = 1, pad = 0, kernel = [3, 3] } = window;
  const out = [height, width].map(
    (size, d) => Math.floor((size + 2 * pad - ((kernel[d] ?? 1) - 1) * dilation - 1) / stride) + 1,
  );
  const X = placeholder([batch, channels, height, width], { name: "X" });
  const W = placeholder([filters, channels, ...kernel], { name: "W" });
  const bias = placeholder([filters], { name: "bias" });
  const inside = (y: Expr, x: Expr): Expr =>
    and(and(ge(y, pad), lt(y, height + pad)), and(ge(x, pad), lt(x, width + pad)));
  const padded = compute(
    [batch, channels, height + 2 * pad, width + 2 * pad],
    (n, c, y, x) => ifThenElse(inside(y, x), read(X, n, c, sub(y, pad), sub(x, pad)), 0),
    { name: "padded" },
  );
  const [c, r, q] = [reduceAxis(channels, "c"), reduceAxis(kernel[0], "r"), reduceAxis(kernel[1], "q")];
  const at = (outer: Expr, inner: IterVar): Expr => add(mul(outer, stride), mul(inner, dilation));
  const from = pad === 0 ? X : padded;
  const Y = compute(
    [batch, filters, ...out],
    (n, o, y, x) => sum(mul(read(from, n, c, at(y, r), at(x, q)), read(W, o, c, r, q)), [c, r, q]),
    { name: "Y" },
  );
  const Z = compute([batch, filters, ...out], (n, o, y, x) => maximum(add(read(Y, n, o, y, x), read(bias, o)), 0), {
    name: "Z",
  });
  return { X, W, bias, Y, Z };
}

describe("a contraction is a product of panels", () => {
  it.each<[number, number, number, number, Window]>([
    [4, 3, 8, 9, { batch: 2, kernel: [3, 2] }],
    [8, 4, 10, 10, { pad: 1 }],
    [7, 5, 9, 11, { pad: 1, stride: 2 }],
    [6, 4, 11, 8, { dilation: 2 }],
    [16, 8, 8, 8, { kernel: [1, 1] }],
    [16, 16, 7, 7, { kernel: [1, 1], stride: 2, batch: 2 }],
    [13, 3, 15, 15, { kernel: [7, 7], pad: 3, stride: 2 }],
  ])("%i filters of %i channels on %i x %i, %j", (filters, channels, height, width, window) => {
    const { X, W, bias, Y, Z } = convolution(filters, channels, height, width, window);
    expect(check([Y], [X, W], avx)).toBe("contraction");
    expect(check([Z], [X, W, bias], wide)).toBe("contraction");
  });

  it("on threads, with a border stored plane by plane", () => {
    const { X, W, bias, Z } = convolution(12, 10, 10, 10, { pad: 1, batch: 2 });
    expect(check([Z], [X, W, bias], wide)).toBe("contraction");
    expect(replay([Z], autoschedule([Z], { capabilities: wide }).trace)).toSatisfy(
      (s: Schedule) => print(s).split("parallel").length > 2,
    );
  });

  it.each([
    [3, 16, 9, 10],
    [2, 17, 20, 16],
  ])("%i products of %i x %i by %i", (batch, rows, fold, columns) => {
    const [A, B] = [
      placeholder([batch, rows, fold], { name: "A" }),
      placeholder([batch, columns, fold], { name: "B" }),
    ];
    const k = reduceAxis(fold, "k");
    const C = compute([batch, rows, columns], (b, i, j) => sum(mul(read(B, b, j, k), read(A, b, i, k)), k), {
      name: "C",
    });
    for (const capabilities of [wide, avx]) expect(check([C], [A, B], capabilities)).toBe("contraction");
  });

  it("the gradient of weights", () => {
    const X = placeholder([2, 3, 8, 8], { name: "X" });
    const G = placeholder([2, 6, 6, 6], { name: "G" });
    const [n, y, x] = [reduceAxis(2, "n"), reduceAxis(6, "y"), reduceAxis(6, "x")];
    const D = compute(
      [6, 3, 3, 3],
      (o, c, r, q) => sum(mul(read(G, n, o, y, x), read(X, n, c, add(y, r), add(x, q))), [n, y, x]),
      { name: "D" },
    );
    for (const capabilities of [wide, avx]) expect(check([D], [X, G], capabilities)).toBe("contraction");
  });

  it("and what has filters of its own for each channel is not", () => {
    const { X, W, Y } = depthwise(8, 10, 10, {});
    expect(check([Y], [X, W], wide)).toBe("stencil");
  });
});

/** A convolution of each channel with a filter of its own, and a bias. */
function depthwise(
  channels: number,
  height: number,
  width: number,
  { batch = 1, stride = 1, pad = 0, kernel = [3, 3] }: Window,
) {
  const out = [height, width].map((size, d) => Math.floor((size + 2 * pad - (kernel[d] ?? 1)) / stride) + 1);
  const X = placeholder([batch, channels, height, width], { name: "X" });
  const W = placeholder([channels, 1, ...kernel], { name: "W" });
  const bias = placeholder([channels], { name: "bias" });
  const inside = (y: Expr, x: Expr): Expr =>
    and(and(ge(y, pad), lt(y, height + pad)), and(ge(x, pad), lt(x, width + pad)));
  const padded = compute(
    [batch, channels, height + 2 * pad, width + 2 * pad],
    (n, c, y, x) => ifThenElse(inside(y, x), read(X, n, c, sub(y, pad), sub(x, pad)), 0),
    { name: "padded" },
  );
  const [one, r, q] = [reduceAxis(1, "one"), reduceAxis(kernel[0], "r"), reduceAxis(kernel[1], "q")];
  const from = pad === 0 ? X : padded;
  const Y = compute(
    [batch, channels, ...out],
    (n, c, y, x) =>
      sum(mul(read(from, n, add(c, one), add(mul(y, stride), r), add(mul(x, stride), q)), read(W, c, one, r, q)), [
        one,
        r,
        q,
      ]),
    { name: "Y" },
  );
  const Z = compute([batch, channels, ...out], (n, c, y, x) => add(read(Y, n, c, y, x), read(bias, c)), { name: "Z" });
  return { X, W, bias, Y, Z };
}

describe("a fold over a window is written out", () => {
  it.each<[number, number, number, Window]>([
    [3, 9, 10, {}],
    [4, 8, 12, { pad: 1, batch: 2 }],
    [2, 11, 17, { pad: 1, stride: 2 }],
    [3, 16, 16, { pad: 2, kernel: [5, 5] }],
    [2, 5, 30, { kernel: [1, 7] }],
    [8, 24, 24, { pad: 1 }],
  ])("%i channels of %i x %i, %j", (channels, height, width, window) => {
    const { X, W, bias, Y, Z } = depthwise(channels, height, width, window);
    expect(check([Y], [X, W], wide)).toBe("stencil");
    expect(check([Z], [X, W, bias], wide)).toBe("stencil");
  });

  it.each([1, 2])("the greatest of 3 x 3, stride %i", (stride) => {
    const X = placeholder([2, 13, 14], { name: "X" });
    const [r, q] = [reduceAxis(3, "r"), reduceAxis(3, "q")];
    const [height, width] = [Math.floor(10 / stride) + 1, Math.floor(11 / stride) + 1];
    const Y = compute(
      [2, height, width],
      (c, y, x) => max(read(X, c, add(mul(y, stride), r), add(mul(x, stride), q)), [r, q]),
      { name: "Y" },
    );
    expect(check([Y], [X], wide)).toBe("stencil");
  });
});

describe("what reads across what it writes", () => {
  it.each([
    [16, 16],
    [33, 21],
    [5, 70],
    [70, 3],
    [200, 164],
  ])("transposes %i x %i", (rows, columns) => {
    const X = placeholder([columns, rows], { name: "X" });
    const T = compute([rows, columns], (i, j) => add(read(X, j, i), 1), { name: "T" });
    for (const capabilities of [wide, avx]) expect(check([T], [X], capabilities)).toBe("elementwise");
  });

  it("permutes four axes", () => {
    const X = placeholder([2, 9, 10, 6], { name: "X" });
    const T = compute([2, 6, 9, 10], (n, c, y, x) => read(X, n, y, x, c), { name: "T" });
    const back = compute([2, 9, 10, 6], (n, y, x, c) => read(T, n, c, y, x), { name: "back" });
    expect(check([T], [X], wide)).toBe("elementwise");
    expect(check([T, back], [X], avx)).toBe("elementwise");
  });
});

describe("reductions", () => {
  it.each([
    [5, 9],
    [16, 33],
    [7, 1],
    [1, 40],
  ])("softmax over rows of %i x %i", (n, m) => {
    const X = placeholder([n, m], { name: "X" });
    const [j1, j2] = [reduceAxis(m, "j1"), reduceAxis(m, "j2")];
    const M = compute([n], (i) => max(read(X, i, j1), j1), { name: "M" });
    const E = compute([n, m], (i, j) => exp(sub(read(X, i, j), read(M, i))), { name: "E" });
    const S = compute([n], (i) => sum(read(E, i, j2), j2), { name: "S" });
    const P = compute([n, m], (i, j) => div(read(E, i, j), read(S, i)), { name: "P" });
    expect(check([P], [X], wide, 1e-5)).toBe("reduction");
  });

  it.each([
    [9, 40],
    [33, 5],
    [1, 17],
  ])("column sums of %i x %i", (n, m) => {
    const X = placeholder([n, m], { name: "X" });
    const r = reduceAxis(n, "r");
    expect(check([compute([m], (j) => sum(read(X, r, j), r), { name: "S" })], [X], wide)).toBe("reduction");
  });

  it.each([8, 31, 64, 100])("rows of %i as vectors: sums, and greatest elements that are below zero", (width) => {
    const X = placeholder([3, width], { name: "X" });
    const [a, b] = [reduceAxis(width, "a"), reduceAxis(width, "b")];
    const S = compute([3], (i) => sum(read(X, i, a), a), { name: "S" });
    const M = compute([3], (i) => max(sub(read(X, i, b), 9), b), { name: "M" });
    for (const capabilities of [wide, avx]) {
      expect(check([S], [X], capabilities)).toBe("reduction");
      expect(check([M], [X], capabilities)).toBe("reduction");
    }
  });

  it("a fold whose order was promised stays as it is", () => {
    const X = placeholder([3, 64], { name: "X" });
    const a = reduceAxis(64, "a");
    const S = compute([3], (i) => sum(read(X, i, a), a, { strict: true }), { name: "S" });
    expect(check([S], [X], wide)).toBe("reduction");
  });

  it("everything to one number, and row sums beside it", () => {
    const X = placeholder([12, 7], { name: "X" });
    const [a, b] = [reduceAxis(12, "a"), reduceAxis(7, "b")];
    const S = compute([], () => sum(read(X, a, b), [a, b]), { name: "S" });
    expect(check([S], [X], wide)).toBe("reduction");
  });
});

describe("elementwise groups", () => {
  it.each([
    [7, 11],
    [1, 1],
    [200, 181],
    [3, 64],
  ])("%i x %i", (n, m) => {
    const [A, B] = [placeholder([n, m], { name: "A" }), placeholder([n, m], { name: "B" })];
    const C = compute([n, m], (i, j) => mul(read(A, i, j), read(B, i, j)), { name: "C" });
    expect(check([compute([n, m], (i, j) => add(read(C, i, j), 1), { name: "D" })], [A, B], wide)).toBe("elementwise");
  });

  it("with broadcasting, a transpose and two outputs", () => {
    const [A, b] = [placeholder([6, 35], { name: "A" }), placeholder([35], { name: "b" })];
    const C = compute([6, 35], (i, j) => add(read(A, i, j), read(b, j)), { name: "C" });
    const T = compute([35, 6], (i, j) => read(A, j, i), { name: "T" });
    expect(check([C, T], [A, b], wide)).toBe("elementwise");
  });
});

describe("the register tile", () => {
  it("fits the registers, with room for an operand row and a broadcast", () => {
    expect(registerTile(wide, 4)).toEqual({ rows: 4, vectors: 2 });
    expect(registerTile(avx, 8)).toEqual({ rows: 6, vectors: 2 });
    expect(registerTile({ ...wide, fusedMultiplyAdd: true }, 4).rows).toBe(6);
  });
});

describe("what a rule must not do", () => {
  it("take A·Aᵀ for a product of two tensors", () => {
    const A = placeholder([24, 24], { name: "A" });
    const k = reduceAxis(24, "k");
    const C = compute([24, 24], (i, j) => sum(mul(read(A, i, k), read(A, j, k)), k), { name: "C" });
    expect(check([C], [A], wide)).toBe("reduction");
  });

  it("inline a chain until it explodes", () => {
    const A = placeholder([40], { name: "A" });
    let last = A;
    for (let n = 0; n < 24; n++) {
      const from = last;
      last = compute([40], (i) => sub(read(from, i), mul(read(from, sub(39, i)), 0.5)), { name: `T${n}` });
    }
    const { trace } = autoschedule([last], { capabilities: wide });
    const inlined = trace.records.filter(({ primitive }) => primitive === "computeInline").length;
    expect(inlined).toBeGreaterThan(10);
    expect(inlined).toBeLessThan(23);
    expect(toPrimFunc(replay([last], trace)).parameters).toHaveLength(2);
  });

  it("fail otherwise than with AS101 when nothing is there to schedule", () => {
    for (const call of [
      () => autoschedule([], { capabilities: wide }),
      () => autoschedule([3 as never], { capabilities: wide }),
      () => autoschedule([placeholder([1])], undefined as never),
    ]) {
      expect(call).toThrowError(expect.objectContaining({ code: "AS101" }));
    }
  });
});
