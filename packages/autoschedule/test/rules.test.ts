import { autoschedule, registerTile } from "@tilewright/autoschedule";
import { print, replay, toPrimFunc } from "@tilewright/schedule";
import { add, compute, div, exp, max, maximum, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { avx, check, wide } from "./check-rule.js";

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

describe("a fold across long rows", () => {
  const small = { caches: [{ bytes: 4096, lineBytes: 64, perThread: true }] };
  it.each([
    ["of 4", 17, 1030, { ...wide, ...small }],
    ["of 8", 16, 1025, { ...avx, ...small, threads: 1 }],
  ])("in vectors %s reads %i rows of %i from end to end", (_, rows, columns, capabilities) => {
    const X = placeholder([rows, columns], { name: "X" });
    const v = placeholder([rows], { name: "v" });
    const k = reduceAxis(rows, "k");
    const S = compute([columns], (j) => sum(mul(read(v, k), read(X, k, j)), k), { name: "S" });
    expect(check([S], [X, v], capabilities)).toBe("reduction");
    const loops = print(replay([S], autoschedule([S], { capabilities }).trace));
    const names = [...loops.matchAll(/for ([ik][\w.]*)/g)].map(([, name]) => name);
    expect(names.slice(-5)).toEqual(["k.outer", "i.outer.inner_1", "k.inner", "i.inner.outer_1", "i.inner.inner_1"]);
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
  const tile = (registers: number, fused: boolean, lanes: number, columns?: number) => {
    const vector = { bytes: 4 * lanes, registers, predicated: false };
    const { rows, vectors } = registerTile({ ...wide, vector, fusedMultiplyAdd: fused }, lanes, columns);
    return `${rows} x ${vectors}`;
  };

  it("fits the registers, with room for an operand row and a broadcast", () => {
    expect(tile(15, false, 4)).toBe("4 x 2");
    expect(tile(15, true, 4)).toBe("6 x 2");
    expect(tile(16, true, 8)).toBe("6 x 2");
    expect(tile(28, true, 4)).toBe("5 x 4");
    expect(tile(32, true, 16)).toBe("6 x 4");
  });

  it("leaves few lanes empty", () => {
    expect(tile(15, true, 4, 10)).toBe("3 x 3");
    expect(tile(15, true, 4, 100)).toBe("6 x 2");
    expect(tile(32, true, 16, 196)).toBe("6 x 2");
    expect(tile(32, true, 16, 10)).toBe("6 x 1");
  });

  it("is small without vectors", () => {
    expect(tile(16, true, 1)).toBe("2 x 2");
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
