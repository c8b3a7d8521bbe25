import { autoschedule } from "@tilewright/autoschedule";
import { print, replay, type Schedule } from "@tilewright/schedule";
import {
  add, and, compute, ge, ifThenElse, lt, max, maximum, mul, placeholder, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { avx, check, wide } from "./check-rule.js";
import { type Expr, type IterVar, isConst, type Tensor } from "./support.js";

/** `[batch, channels, height, width]` with zeros around it. */
function bordered(X: Tensor, pad: number): Tensor {
  if (pad === 0) return X;
  const [batch = 1, channels = 1, height = 1, width = 1] = X.shape.map((extent) =>
    isConst(extent) ? Number(extent.value) : 1,
  );
  const inside = (y: Expr, x: Expr): Expr =>
    and(and(ge(y, pad), lt(y, height + pad)), and(ge(x, pad), lt(x, width + pad)));
  return compute(
    [batch, channels, height + 2 * pad, width + 2 * pad],
    (n, c, y, x) => ifThenElse(inside(y, x), read(X, n, c, sub(y, pad), sub(x, pad)), 0),
    { name: "padded" },
  );
}

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
  const [c, r, q] = [reduceAxis(channels, "c"), reduceAxis(kernel[0], "r"), reduceAxis(kernel[1], "q")];
  const at = (outer: Expr, inner: IterVar): Expr => add(mul(outer, stride), mul(inner, dilation));
  const from = bordered(X, pad);
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
  const [one, r, q] = [reduceAxis(1, "one"), reduceAxis(kernel[0], "r"), reduceAxis(kernel[1], "q")];
  const from = bordered(X, pad);
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

  it("one plane goes on threads by its rows", () => {
    const X = placeholder([1, 1, 62, 62], { name: "X" });
    const [r, q] = [reduceAxis(3, "r"), reduceAxis(3, "q")];
    const from = bordered(X, 1);
    const Y = compute([1, 1, 62, 62], (n, c, y, x) => max(read(from, n, c, add(y, r), add(x, q)), [r, q]), {
      name: "Y",
    });
    expect(check([Y], [X], wide)).toBe("stencil");
    expect(print(replay([Y], autoschedule([Y], { capabilities: wide }).trace))).toMatch(/for i2.*: parallel in/);
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
