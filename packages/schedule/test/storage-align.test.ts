import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

function product(m: number, n: number, k: number) {
  const A = placeholder([m, k], { name: "A" });
  const B = placeholder([k, n], { name: "B" });
  const P = compute([k, n], (x, j) => mul(read(B, x, j), 2), { name: "P" });
  const r = reduceAxis(k, "r");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(P, r, j)), r), { name: "C" });
  const D = compute([m, n], (i, j) => add(read(C, i, j), 1), { name: "D" });
  return { A, B, P, C, D, s: S.createSchedule(D) };
}

const stridesOf = (text: string): readonly string[] => [...text.matchAll(/strides \[([^\]]*)\]/g)].map(([, list]) => list as string); // biome-ignore format: one line

describe("storageAlign", () => {
  it("gives rows room up to a boundary", () => {
    const A = placeholder([3, 5], { name: "A" });
    const B = compute([3, 5], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const C = compute([3, 5], (i, j) => add(read(B, i, j), 1), { name: "C" });
    const s = S.createSchedule(C);
    S.storageAlign(s, B, 0, { factor: 8 });
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[3, 5] @global align 64, C: float32[3, 5] @global align 64) {
        allocate B: float32[3, 5] strides [8, 1] @global align 64
        for i in 0..3 {
          for j in 0..5 {
            B[i, j] = A[i, j] * 2.0
          }
        }
        for i_1 in 0..3 {
          for j_1 in 0..5 {
            C[i_1, j_1] = B[i_1, j_1] + 1.0
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it("is exact for factors, offsets and several dimensions", () => {
    const A = placeholder([2, 3, 5], { name: "A" });
    const B = compute([2, 3, 5], (n, i, j) => mul(read(A, n, i, j), 2), { name: "B" });
    const C = compute([2, 3, 5], (n, i, j) => add(read(B, n, i, j), 1), { name: "C" });
    const strides = (...calls: readonly (readonly [number, number, number])[]) => {
      const s = S.createSchedule(C);
      for (const [dimension, factor, offset] of calls) S.storageAlign(s, B, dimension, { factor, offset });
      expectSame(s);
      return stridesOf(S.print(s))[0];
    };
    expect(strides([1, 8, 0])).toBe("24, 8, 1");
    expect(strides([1, 4, 1])).toBe("15, 5, 1");
    expect(strides([1, 4, 2])).toBe("18, 6, 1");
    expect(strides([0, 16, 1])).toBe("17, 5, 1");
    expect(strides([1, 8, 0], [0, 32, 4])).toBe("36, 8, 1");
    expect(strides([1, 8, 0], [1, 1, 0])).toBe("15, 5, 1");
  });

  it.each([
    [1, 1, 1],
    [4, 6, 3],
    [7, 11, 5],
  ])("keeps the meaning of %i by %i by %i", (m, n, k) => {
    const { s, C, P, D } = product(m, n, k);
    const [, lanes] = S.split(s, D, "j", { factor: 4, tail: n >= 4 ? "shift" : "guard" });
    S.computeAt(s, C, D, "j.outer");
    const [, inner] = S.split(s, C, "j", { factor: 4, tail: "roundUp" });
    S.reorder(s, C, ["r", inner]);
    S.vectorize(s, C, inner);
    S.vectorize(s, D, lanes);
    S.storageAlign(s, C, 0, { factor: 7, offset: 3 });
    S.transformLayout(s, P, [{ dimension: 1, divisor: 4 }, { dimension: 0 }, { dimension: 1, modulus: 4 }]);
    S.storageAlign(s, P, 1, { factor: 8, offset: 5 });
    S.storageAlign(s, P, 0, { factor: 16 });
    expectSame(s);
    expectSame(S.replay(product(m + 1, n + 3, k + 2).D, S.traceOf(s)));
  });

  it("works in loops of threads, unrolled and computed in parallel", () => {
    const { s, C, D, P } = product(6, 8, 4);
    S.computeAt(s, C, D, "i");
    S.parallel(s, D, "i");
    S.unroll(s, C, "i");
    S.storageAlign(s, C, 0, { factor: 32 });
    S.storageAlign(s, P, 0, { factor: 3 });
    const copy = S.cacheRead(s, P, "local");
    S.storageAlign(s, copy, 0, { factor: 10 });
    expectSame(s);
  });

  it("goes with layouts, padding, versions of a pipeline and rings", () => {
    const A = placeholder([12, 10], { name: "A" });
    const B = compute([12, 10], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const C = compute([10, 10], (i, j) => add(read(B, i, j), read(B, add(i, 2), j)), { name: "C" });
    for (const kind of ["double", "pipeline", "rolling", "plain"] as const) {
      const s = S.createSchedule(C);
      S.computeAt(s, B, C, "i");
      S.transformLayout(
        s, B, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }],
        kind === "rolling" ? {} : { padValue: 5 },
      ); // biome-ignore format: one call
      S.storageAlign(s, B, 1, { factor: 16, offset: 4 });
      S.storageAlign(s, B, 0, { factor: 64, offset: 1 });
      if (kind === "double") S.doubleBuffer(s, B);
      if (kind === "pipeline") S.softwarePipeline(s, C, "i", { stages: { B: 0, C: 2 } });
      if (kind === "rolling") S.rollingBuffer(s, B);
      expect(S.print(s)).toContain("20, 1]");
      expectSame(s);
    }
  });

  it("refuses what has no stride to choose", () => {
    const { s, A, C, D } = product(4, 6, 3);
    const align = (dimension: number, factor: number, offset?: number) => () =>
      S.storageAlign(s, C, dimension, offset === undefined ? { factor } : { factor, offset });
    for (const dimension of [1, 2, -1, 0.5, Number.NaN]) expect(refusal(s, align(dimension, 8))).toBe("SCH140");
    for (const factor of [0, -1, 1.5, Number.NaN, 1e6]) expect(refusal(s, align(0, factor))).toBe("SCH141");
    for (const offset of [8, -1, 0.5, Number.NaN]) expect(refusal(s, align(0, 8, offset))).toBe("SCH141");
    expect(refusal(s, () => S.storageAlign(s, C, 0, undefined as never))).toBe("SCH141");
    expect(refusal(s, () => S.storageAlign(s, A, 0, { factor: 8 }))).toBe("SCH110");
    expect(refusal(s, () => S.storageAlign(s, D, 0, { factor: 8 }))).toBe("SCH110");
    S.storageAlign(s, C, 0, { factor: 8 });
    expect(refusal(s, () => S.transformLayout(s, C, [{ dimension: 1 }, { dimension: 0 }]))).toBe("SCH142");
  });
});
