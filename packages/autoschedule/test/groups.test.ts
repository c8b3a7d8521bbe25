import { add, compute, floordiv, floormod, le, maximum, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { avx, check, wide } from "./check-rule.js";
import type { Expr } from "./support.js";

interface Groups {
  readonly groups: number;
  /** Of each group. */
  readonly filters: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly batch?: number;
  readonly stride?: number;
}

/** A 3 × 3 convolution in groups of channels, with bias and relu. */
function grouped({ groups, filters, channels, height, width, batch = 1, stride = 1 }: Groups) {
  const out = [height, width].map((size) => Math.floor((size - 3) / stride) + 1);
  const X = placeholder([batch, groups * channels, height, width], { name: "X" });
  const W = placeholder([groups * filters, channels, 3, 3], { name: "W" });
  const bias = placeholder([groups * filters], { name: "bias" });
  const [c, r, q] = [reduceAxis(channels, "c"), reduceAxis(3, "r"), reduceAxis(3, "q")];
  const channel = (o: Expr): Expr => add(mul(floordiv(o, filters), channels), c);
  const shape = [batch, groups * filters, ...out];
  const Y = compute(
    shape,
    (n, o, y, x) =>
      sum(mul(read(X, n, channel(o), add(mul(y, stride), r), add(mul(x, stride), q)), read(W, o, c, r, q)), [c, r, q]),
    { name: "Y" },
  );
  const Z = compute(shape, (n, o, y, x) => maximum(add(read(Y, n, o, y, x), read(bias, o)), 0), { name: "Z" });
  return { X, W, bias, Y, Z };
}

describe("groups of channels are contractions side by side", () => {
  it.each<Groups>([
    { groups: 4, filters: 4, channels: 4, height: 8, width: 10 },
    { groups: 2, filters: 8, channels: 3, height: 9, width: 9, batch: 2 },
    { groups: 3, filters: 7, channels: 2, height: 10, width: 11, stride: 2 },
  ])("%j", (groups) => {
    const { X, W, bias, Y, Z } = grouped(groups);
    expect(check([Y], [X, W], avx)).toBe("contraction");
    expect(check([Z], [X, W, bias], wide)).toBe("contraction");
  });

  it("of any number and size", () => {
    const sizes = fc.record<Groups>({
      groups: fc.integer({ min: 2, max: 4 }),
      filters: fc.integer({ min: 2, max: 10 }),
      channels: fc.integer({ min: 1, max: 3 }),
      height: fc.integer({ min: 5, max: 7 }),
      width: fc.integer({ min: 6, max: 10 }),
      stride: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(sizes, fc.constantFrom(wide, avx), (groups, capabilities) => {
        const { X, W, bias, Z } = grouped(groups);
        check([Z], [X, W, bias], capabilities); // compares; some are too small to be tiled
      }),
      { numRuns: 12 },
    );
  });

  it("so are the gradients of their weights and of what they read", () => {
    const [groups, filters, channels] = [2, 4, 5];
    const G = placeholder([2, groups * filters, 6, 6], { name: "G" });
    const X = placeholder([2, groups * channels, 8, 8], { name: "X" });
    const [n, y, x] = [reduceAxis(2, "n"), reduceAxis(6, "y"), reduceAxis(6, "x")];
    const weights = compute(
      [groups * filters, channels, 3, 3],
      (o, c, r, q) =>
        sum(mul(read(X, n, add(mul(floordiv(o, filters), channels), c), add(y, r), add(x, q)), read(G, n, o, y, x)), [
          n,
          y,
          x,
        ]),
      { name: "weights" },
    );
    const W = placeholder([groups * filters, channels, 3, 3], { name: "W" });
    const [o, r, q] = [reduceAxis(filters, "o"), reduceAxis(3, "r"), reduceAxis(3, "q")];
    const filter = (c: Expr): Expr => add(mul(floordiv(c, channels), filters), o);
    const inputs = compute(
      [2, groups * channels, 4, 4],
      (b, c, i, j) =>
        sum(mul(read(G, b, filter(c), add(i, r), add(j, q)), read(W, filter(c), floormod(c, channels), r, q)), [
          o,
          r,
          q,
        ]),
      { name: "inputs" },
    );
    for (const capabilities of [wide, avx]) {
      expect(check([weights], [X, G], capabilities)).toBe("contraction");
      expect(check([inputs], [G, W], capabilities)).toBe("contraction");
    }
  });

  it("but few filters over small windows are written out", () => {
    const { X, W, Y } = grouped({ groups: 6, filters: 2, channels: 2, height: 10, width: 12 });
    expect(check([Y], [X, W], wide)).toBe("stencil");
  });

  it("stacks of rows by one matrix, whose panels all of them share", () => {
    const [A, B] = [placeholder([3, 14, 16], { name: "A" }), placeholder([16, 20], { name: "B" })];
    const k = reduceAxis(16, "k");
    const C = compute([3, 14, 20], (b, i, j) => sum(mul(read(A, b, i, k), read(B, k, j)), k), { name: "C" });
    for (const capabilities of [wide, avx]) expect(check([C], [A, B], capabilities)).toBe("contraction");
  });

  it("sums whose terms a condition chooses by what is around them, but not by row or column", () => {
    const [A, B] = [placeholder([2, 12, 3, 8], { name: "A" }), placeholder([3, 8, 20], { name: "B" })];
    const [r, k] = [reduceAxis(3, "r"), reduceAxis(8, "k")];
    const chosen = (by: "batch" | "row") =>
      compute(
        [2, 12, 20],
        (b, i, j) => sum(mul(read(A, b, i, r, k), read(B, r, k, j)), [r, k], { where: le(r, by === "batch" ? b : i) }),
        { name: "C" },
      );
    for (const capabilities of [wide, avx]) {
      expect(check([chosen("batch")], [A, B], capabilities)).toBe("contraction");
      expect(check([chosen("row")], [A, B], capabilities)).toBe("reduction");
    }
  });

  it("and products whose batch stands between rows and columns", () => {
    const [A, B] = [placeholder([12, 3, 16], { name: "A" }), placeholder([16, 3, 20], { name: "B" })];
    const k = reduceAxis(16, "k");
    const C = compute([12, 3, 20], (i, b, j) => sum(mul(read(A, i, b, k), read(B, k, b, j)), k), { name: "C" });
    for (const capabilities of [wide, avx]) expect(check([C], [A, B], capabilities)).toBe("contraction");
  });
});
