import type { Expr, Tensor, Var } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, maximum, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string): Tensor => placeholder(shape, { name });

/** A matrix product, its bias, and relu, transposed when told. */
function layer(m: number, n: number, k: number, { transposed = false } = {}) {
  const [A, B, b] = [input([m, k], "A"), input([k, n], "B"), input([n], "b")];
  const r = reduceAxis(k, "k");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), r), { name: "C" });
  const relu = (i: Var, j: Var): Expr => maximum(add(read(C, i, j), read(b, j)), 0);
  const D = transposed
    ? compute([n, m], (x, y) => relu(y as Var, x as Var), { name: "D", axes: ["x", "y"] })
    : compute([m, n], (i, j) => relu(i as Var, j as Var), { name: "D" });
  return { A, B, C, D, s: S.createSchedule(D) };
}

const SIZES = [
  [1, 1, 1],
  [5, 7, 3],
  [8, 12, 4],
  [11, 13, 2],
] as const;

describe("reverseComputeAt", () => {
  it("moves a consumer under the loops of its producer", () => {
    const { C, D, s } = layer(4, 6, 3);
    const [, jo] = S.tile(s, C, "i", "j", { factors: [2, 4] });
    S.parallel(s, C, "i.outer");
    const loops = S.reverseComputeAt(s, D, C, jo);
    expect(loops.map(({ name }) => name)).toEqual(["i.outer", "j.outer"]);
    expect(S.axesOf(s, D).map(({ name }) => name)).toEqual(["i.outer", "j.outer", "i.inner", "j.inner"]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @D(A: float32[4, 3] @global align 64, B: float32[3, 6] @global align 64, b: float32[6] @global align 64, D: float32[4, 6] @global align 64) {
        for i.outer: parallel in 0..2 {
          for j.outer in 0..2 {
            allocate C: float32[2, 4] @global align 64
            for i.outer_1 in 0..1 {
              for j.outer_1 in 0..1 {
                for i.inner in 0..2 {
                  for j.inner in 0..4 {
                    guard j.outer * 4 + j.inner < 6 {
                      C[i.inner, j.inner] = 0.0
                    }
                    for k in 0..3 {
                      guard j.outer * 4 + j.inner < 6 {
                        C[i.inner, j.inner] = C[i.inner, j.inner] +[cr] A[i.outer * 2 + i.inner, k] *[c] B[k, j.outer * 4 + j.inner]
                      }
                    }
                  }
                }
              }
            }
            for i.inner_1 in 0..2 {
              for j.inner_1 in 0..4 {
                guard j.outer * 4 + j.inner_1 < 6 {
                  D[i.outer * 2 + i.inner_1, j.outer * 4 + j.inner_1] = max(C[i.inner_1, j.inner_1] + b[j.outer * 4 + j.inner_1], 0.0)
                }
              }
            }
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each(SIZES)("computes the same for %i by %i by %i, with every tail and order", (m, n, k) => {
    for (const transposed of [false, true]) {
      for (const tail of ["guard", "shift", "roundUp"] as const) {
        for (const at of [0, 1, 2]) {
          const { C, D, s } = layer(m, n, k, { transposed });
          S.tile(s, C, "i", "j", { factors: [4, 3], tail });
          S.reorder(s, C, ["j.outer", "i.outer", "i.inner"]);
          const loops = S.reverseComputeAt(s, D, C, S.axesOf(s, C)[at] as never);
          expect(loops).toHaveLength(at + 1);
          expectSame(s, { lowered: at === 1 });
        }
      }
    }
  });

  it("takes fused loops along, and what is computed in them", () => {
    const { A, C, D, s } = layer(6, 10, 5);
    const [io, jo] = S.tile(s, C, "i", "j", { factors: [4, 4] });
    const fused = S.fuse(s, C, io, jo);
    S.parallel(s, C, fused);
    const packed = S.cacheRead(s, A, "global", [C]);
    S.computeAt(s, packed, C, fused);
    S.reverseComputeAt(s, D, C, fused);
    S.vectorize(s, D, "j.inner");
    expectSame(s);
  });

  it("reads slices", () => {
    const A = input([9, 11], "A");
    const B = compute([9, 11], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const C = compute([3, 6, 7], (l, y, x) => add(read(B, add(y, 2), add(x, 3)), read(A, l, x)), {
      name: "C",
      axes: ["l", "y", "x"],
    });
    for (const tail of ["guard", "shift"] as const) {
      const s = S.createSchedule(C);
      const [, , ii] = S.tile(s, B, "i", "j", { factors: [4, 5], tail });
      S.reverseComputeAt(s, C, B, ii);
      expect(S.axesOf(s, C).map(({ name }) => name)).toEqual(["i.outer", "j.outer", "i.inner", "l", "j.inner"]);
      expectSame(s);
    }
  });

  it("works for a reduction over what the loops do not run over, and inside another stage", () => {
    const A = input([6, 9], "A");
    const B = compute([6, 9], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const k = reduceAxis(9, "k");
    const C = compute([6], (i) => sum(read(B, i, k), k), { name: "C" });
    const D = compute([6], (i) => add(read(C, i), 1), { name: "D" });
    const s = S.createSchedule(D);
    const [outer] = S.split(s, D, "i", { factor: 4 });
    S.computeAt(s, C, D, outer);
    S.split(s, B, "i", { factor: 2 });
    S.reverseComputeAt(s, C, B, "i.outer");
    expectSame(s);
  });

  it("replays on another shape", () => {
    const { C, D, s } = layer(8, 8, 8);
    S.tile(s, C, "i", "j", { factors: [4, 4] });
    S.reverseComputeAt(s, D, C, "j.outer");
    expectSame(S.replay(layer(7, 5, 3).D, S.traceOf(s)));
  });

  it.each<[string, string, (g: ReturnType<typeof layer>) => unknown]>([
    ["SCH134", "a reduction loop", ({ s, C, D }) => S.reverseComputeAt(s, D, C, "k")],
    ["SCH110", "an output as the producer", ({ s, C, D }) => S.reverseComputeAt(s, C, D, "i")],
    ["SCH111", "a stage that does not read", ({ s, A, C }) => S.reverseComputeAt(s, A, C, "i")],
    ["SCH104", "a loop that is not there", ({ s, C, D }) => S.reverseComputeAt(s, D, C, "n")],
  ])("refuses with %s %s", (code, _, call) => {
    const given = layer(4, 4, 4);
    expect(refusal(given.s, () => call(given))).toBe(code);
  });

  it("refuses a loop around which the reduction stands", () => {
    const { C, D, s } = layer(4, 4, 4);
    S.reorder(s, C, ["k", "j"]);
    expect(refusal(s, () => S.reverseComputeAt(s, D, C, "j"))).toBe("SCH134");
  });

  it("refuses a consumer whose loops were changed, or hold something", () => {
    const { C, D, s } = layer(4, 4, 4);
    const copy = S.cacheWrite(s, D, "local");
    S.computeAt(s, copy, D, "i");
    expect(refusal(s, () => S.reverseComputeAt(s, D, C, "i"))).toBe("SCH131");
    S.split(s, D, "j", { factor: 2 });
    expect(refusal(s, () => S.reverseComputeAt(s, D, C, "i"))).toBe("SCH114");
  });

  it("refuses a vectorized loop, and another reader outside", () => {
    const { C, D, s } = layer(4, 4, 4);
    S.reorder(s, C, ["i", "k", "j"]);
    S.vectorize(s, C, "i");
    expect(refusal(s, () => S.reverseComputeAt(s, D, C, "i"))).toBe("SCH118");
    const A = input([4], "A");
    const P = compute([4], (i) => mul(read(A, i), 2), { name: "P" });
    const one = compute([4], (i) => add(read(P, i), 1), { name: "one" });
    const two = compute([4], (i) => add(read(P, i), read(one, i)), { name: "two" });
    const t = S.createSchedule(two);
    expect(refusal(t, () => S.reverseComputeAt(t, one, P, "i"))).toBe("SCH112");
  });

  it("says which index has no inverse", () => {
    const A = input([9, 9], "A");
    const P = compute([9, 9], (i, j) => mul(read(A, i, j), 2), { name: "P" });
    const k = reduceAxis(4, "k");
    const readers = [
      compute([4], (x) => read(P, mul(x, 2), 0), { name: "R" }),
      compute([4, 4], (x, y) => read(P, add(x, y), 0), { name: "R" }),
      compute([4], (x) => add(read(P, x, 0), read(P, 0, x)), { name: "R" }),
      compute([4], (x) => sum(read(P, k, x), k), { name: "R" }),
    ];
    for (const R of readers) {
      const s = S.createSchedule(R);
      expect(refusal(s, () => S.reverseComputeAt(s, R, P, "i"))).toBe("SCH133");
      expect(() => S.reverseComputeAt(s, R, P, "i")).toThrow(/index 0/);
    }
    const diagonal = compute([9], (x) => read(P, x, x), { name: "R" });
    const s = S.createSchedule(diagonal);
    expect(refusal(s, () => S.reverseComputeAt(s, diagonal, P, "j"))).toBe("SCH133");
  });
});

describe("reverseComputeInline", () => {
  function pair(n: number, m: number, { transposed = false } = {}) {
    const [A, b] = [input([n, m], "A"), input([m], "b")];
    const P = compute([n, m], (i, j) => add(read(A, i, j), read(b, j)), { name: "P" });
    const C = transposed
      ? compute([m, n], (x, y) => mul(read(P, y, x), 3), { name: "C", axes: ["x", "y"] })
      : compute([n, m], (i, j) => mul(read(P, i, j), 3), { name: "C" });
    return { A, P, C, s: S.createSchedule(C) };
  }

  it("folds a consumer into its producer, with the producer's loops", () => {
    const { P, C, s } = pair(4, 8, { transposed: true });
    const [outer, inner] = S.split(s, P, "j", { factor: 4 });
    S.reorder(s, P, [outer, "i"]);
    S.parallel(s, P, outer);
    S.vectorize(s, P, inner);
    expect(S.reverseComputeInline(s, C).map(({ name }) => name)).toEqual(["j.outer", "y", "j.inner"]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[4, 8] @global align 64, b: float32[8] @global align 64, C: float32[8, 4] @global align 64) {
        for j.outer: parallel in 0..2 {
          for y in 0..4 {
            for j.inner: vectorized in 0..4 {
              C[j.outer * 4 + j.inner, y] = (A[y, j.outer * 4 + j.inner] + b[j.outer * 4 + j.inner]) * 3.0
            }
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [1, 1],
    [5, 7],
    [8, 12],
  ])("computes the same for %i by %i, with every tail", (n, m) => {
    for (const transposed of [false, true]) {
      for (const tail of ["guard", "shift", "roundUp"] as const) {
        const { A, P, C, s } = pair(n, m, { transposed });
        const [, , ii] = S.tile(s, P, "i", "j", { factors: [4, 3], tail });
        S.computeAt(s, S.cacheRead(s, A, "global"), P, ii);
        S.reverseComputeInline(s, C);
        expectSame(s);
      }
    }
  });

  it("stands where its producer stood", () => {
    const { P, C, s } = layerAfter();
    S.computeAt(s, P, "D", "i");
    S.computeAt(s, C, "D", "i");
    expect(refusal(s, () => S.reverseComputeInline(s, "D"))).not.toBe("accepted");
    S.reverseComputeInline(s, C);
    expectSame(s);
  });

  function layerAfter() {
    const { P, C } = pair(5, 6);
    const D = compute([5, 6], (i, j) => add(read(C, i, j), 1), { name: "D" });
    const s = S.createSchedule(D);
    S.computeAt(s, C, D, "i");
    return { P, C, s };
  }

  it("replays on another shape", () => {
    const { P, C, s } = pair(4, 8);
    S.split(s, P, "j", { factor: 4 });
    S.reverseComputeInline(s, C);
    expectSame(S.replay(pair(3, 7).C, S.traceOf(s)));
  });

  it("refuses what is no pointwise reader of one producer", () => {
    const A = input([4, 4], "A");
    const P = compute([4, 4], (i, j) => mul(read(A, i, j), 2), { name: "P" });
    const Q = compute([4, 4], (i, j) => mul(read(A, i, j), 3), { name: "Q" });
    const k = reduceAxis(4, "k");
    const total = compute([4], (i) => sum(read(A, i, k), k), { name: "T" });
    const by = (make: (i: Var, j: Var) => Expr, shape = [4, 4]): Tensor =>
      compute(shape, (i, j) => make(i as Var, j as Var), { name: "R" });
    const cases: readonly (readonly [string, Tensor])[] = [
      ["SCH135", by((i, j) => add(read(P, i, j), read(Q, i, j)))],
      ["SCH135", by((i, j) => read(A, i, j))],
      ["SCH135", by((i) => sum(read(P, i, k), k), [4])],
      ["SCH135", by((i, j) => read(P, i, j), [3, 4])],
      ["SCH133", by((i) => read(P, i, i), [4])],
      ["SCH110", by((i) => add(read(total, i), 1), [4])],
    ];
    for (const [code, R] of cases) {
      const s = S.createSchedule(R);
      expect(refusal(s, () => S.reverseComputeInline(s, R))).toBe(code);
    }
    const R = by((i, j) => read(P, i, j));
    const both = S.createSchedule([R, compute([4, 4], (i, j) => add(read(P, i, j), 1), { name: "other" })]);
    expect(refusal(both, () => S.reverseComputeInline(both, R))).toBe("SCH135");
    const s = S.createSchedule(R);
    S.split(s, R, "i", { factor: 2 });
    expect(refusal(s, () => S.reverseComputeInline(s, R))).toBe("SCH114");
  });
});
