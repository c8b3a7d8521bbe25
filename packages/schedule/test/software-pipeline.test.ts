import type { Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, compute, ifThenElse, lt, maximum, mul, placeholder, read, reduceAxis, scan, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

/** A chain of four, the first three computed in the loop over rows of the last. */
function chain(n: number, m = 3) {
  const A = placeholder([n, m], { name: "A" });
  const B = compute([n, m], (i, j) => mul(read(A, i, j), 2), { name: "B" });
  const C = compute([n, m], (i, j) => add(read(B, i, j), read(B, i, 0)), { name: "C" });
  const D = compute([n, m], (i, j) => sub(read(C, i, j), read(B, i, j)), { name: "D" });
  const E = compute([n, m], (i, j) => add(read(D, i, j), read(C, i, j)), { name: "E" });
  const s = S.createSchedule(E);
  for (const stage of [D, C, B]) S.computeAt(s, stage, E, "i");
  return { A, B, C, D, E, s };
}

/** A matrix product whose operands are packed per block of the reduction. */
function gemm(m: number, n: number, k: number) {
  const [A, B] = [placeholder([m, k], { name: "A" }), placeholder([k, n], { name: "B" })];
  const r = reduceAxis(k, "k");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), r), { name: "C" });
  const s = S.createSchedule(C);
  const packedA = S.cacheRead(s, A, "global");
  const packedB = S.cacheRead(s, B, "local");
  const [io, ii] = S.split(s, C, "i", { factor: 4 });
  const [jo, ji] = S.split(s, C, "j", { factor: 8 });
  const [ko, ki] = S.split(s, C, "k", { factor: 3 });
  S.reorder(s, C, [io, jo, ko, ki, ii, ji]);
  for (const packed of [packedA, packedB]) S.computeAt(s, packed, C, ko);
  return { A, B, C, s, packedA, packedB, io, jo, ko, ki, ii, ji };
}

describe("softwarePipeline", () => {
  it("shifts the statements of a loop against each other", () => {
    const A = placeholder([6], { name: "A" });
    const B = compute([6], (i) => mul(read(A, i), 2), { name: "B" });
    const C = compute([6], (i) => add(read(B, i), 1), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    S.softwarePipeline(s, C, "i", { stages: { B: 0, C: 1 } });
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[6] @global align 64, C: float32[6] @global align 64) {
        allocate B: float32[2, 1] @global align 64
        for i in 0..7 {
          guard i < 6 {
            for i_1 in 0..1 {
              B[i % 2, 0] = A[i] * 2.0
            }
          }
          guard i >= 1 {
            C[i - 1] = B[(i - 1) % 2, 0] + 1.0
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it("keeps what its numbers and order ask for", () => {
    const versions = (stages: Record<string, number>, order?: readonly string[]) => {
      const { s, E } = chain(5);
      S.softwarePipeline(s, E, "i", { stages, ...(order === undefined ? {} : { order }) });
      expectSame(s);
      const extents = /allocate (\w+): float32\[([\d, ]+)\]/g;
      return Object.fromEntries([...S.print(s).matchAll(extents)].map(([, name, shape]) => [name, shape]));
    };
    expect(versions({ B: 0, C: 1, D: 2, E: 3 })).toEqual({ B: "3, 1, 3", C: "3, 1, 3", D: "2, 1, 3" });
    expect(versions({ B: 0, C: 1, D: 2, E: 3 }, ["E", "D", "C", "B"])).toEqual({
      B: "2, 1, 3",
      C: "2, 1, 3",
      D: "1, 1, 3",
    });
    expect(versions({ B: 0, C: 0, D: 0, E: 0 })).toEqual({ B: "1, 3", C: "1, 3", D: "1, 3" });
    expect(versions({ B: 5, C: 5, D: 9, E: 9 })).toEqual({ B: "5, 1, 3", C: "5, 1, 3", D: "1, 3" });
    expect(versions({ B: 0, C: 0, D: 0 })).toEqual({ B: "1, 3", C: "2, 1, 3", D: "2, 1, 3" });
  });

  it.each([1, 2, 7, 13])("is right for %i rows, split, vectorized, unrolled, in parallel", (n) => {
    for (const tail of ["guard", "shift"] as const) {
      const { s, B, C, D, E } = chain(n, 5);
      S.computeRoot(s, B);
      const [outer, rows] = S.split(s, E, "i", { factor: 4, tail });
      for (const stage of [C, D, B].slice(0, 2)) S.computeAt(s, stage, E, rows);
      S.softwarePipeline(s, E, rows, { stages: { C: 0, D: 2 } });
      if (tail === "guard") S.parallel(s, E, outer);
      S.vectorize(s, E, "j");
      S.unroll(s, E, rows);
      expectSame(s);
    }
  });

  it.each([
    [1, 1, 1],
    [8, 16, 9],
    [7, 11, 13],
  ])("overlaps packing with a product of %i x %i x %i", (m, n, k) => {
    const { s, C, packedA, packedB, ko, ii, ji, io } = gemm(m, n, k);
    S.transformLayout(s, packedA, [{ dimension: 1 }, { dimension: 0 }]);
    S.softwarePipeline(s, C, ko, { stages: { [packedA.name]: 0, [packedB.name]: 1, C: 3 } });
    S.unroll(s, C, ii);
    S.vectorize(s, C, ji);
    S.parallel(s, C, io);
    expectSame(s);
  });

  it("takes along what is computed deeper, and loops that are pipelined inside", () => {
    const { s, D, E } = chain(6, 7);
    const [outer, inner] = S.split(s, E, "j", { factor: 3 });
    S.computeAt(s, D, E, outer);
    expect(refusal(s, () => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 1, D: 1 } }))).toBe("SCH160");
    S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 1 } });
    S.softwarePipeline(s, E, outer, { stages: { D: 1 } });
    S.vectorize(s, E, inner);
    expectSame(s);
  });

  it("is replaced by a second call, and ends where nothing is computed any more", () => {
    const { s, B, C, D, E } = chain(5);
    S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 1, D: 2 } });
    S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 1 } });
    expectSame(s);
    S.computeInline(s, C);
    expectSame(s);
    expect(refusal(s, () => S.split(s, E, "i", { factor: 2 }))).toBe("SCH164");
    S.computeInline(s, D);
    S.computeRoot(s, B);
    S.split(s, E, "i", { factor: 2 });
    expectSame(s);
  });

  it("goes along when a consumer takes over the loop", () => {
    for (const move of [
      (s: S.Schedule) => S.reverseComputeInline(s, "D"),
      (s: S.Schedule) => S.reverseComputeAt(s, "D", "C", "i"),
      (s: S.Schedule) => S.reverseComputeAt(s, "D", "C", "j"),
    ]) {
      const A = placeholder([6, 5], { name: "A" });
      const B = compute([6, 5], (i, j) => mul(read(A, i, j), 2), { name: "B" });
      const C = compute([6, 5], (i, j) => add(read(B, i, j), read(B, i, 0)), { name: "C" });
      const D = compute([6, 5], (i, j) => sub(read(C, i, j), 1), { name: "D" });
      const s = S.createSchedule(D);
      S.computeAt(s, B, C, "i");
      S.doubleBuffer(s, B);
      move(s);
      expect(S.print(s)).toContain("allocate B: float32[2, 1, 5]");
      expectSame(s);
    }
  });

  it("hands versions to an instruction", () => {
    const { s, C, packedB, ko, ki, io, jo } = gemm(8, 16, 9);
    const [X, Y] = [placeholder([4, 3], { name: "X" }), placeholder([3, 8], { name: "Y" })];
    const r = reduceAxis(3, "r");
    const product = compute([4, 8], (i, j) => sum(mul(read(X, i, r), read(Y, r, j)), r), { name: "Z" });
    S.decomposeReduction(s, C, ko);
    S.tensorize(s, C, ki, S.tensorIntrinsic("product", product, { accumulate: true }));
    S.doubleBuffer(s, packedB);
    expect(S.print(s)).toContain("&B.local[(k.outer - 1) % 2..+1, 0..3, 0..8]");
    expectSame(s);
    for (const loop of [jo, io]) S.parallel(s, C, loop);
    expectSame(s);
  });

  it("works on other shapes from its trace", () => {
    const trace = (() => {
      const { s, C, packedA, ko } = gemm(8, 8, 9);
      S.softwarePipeline(s, C, ko, { stages: { [packedA.name]: 0, "B.local": 0 } });
      return S.traceOf(s);
    })();
    const plain = gemm(5, 3, 4);
    expectSame(S.replay(plain.C, trace));
  });
});

describe("softwarePipeline refuses", () => {
  it.each<[string, string, (c: ReturnType<typeof chain>) => unknown]>([
    ["SCH160", "no options", ({ s, E }) => S.softwarePipeline(s, E, "i", undefined as never)],
    ["SCH160", "a stage without number", ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0 } })],
    ["SCH160", "a number that is none", ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: -1, D: 0 } })],
    [
      "SCH160",
      "more iterations than there is memory",
      ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 1e9 } }),
    ],
    [
      "SCH160",
      "a stage of elsewhere",
      ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 0, A: 0 } }),
    ],
    [
      "SCH160",
      "an order that forgets one",
      ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 0 }, order: ["B", "C", "D", "D"] }),
    ],
    ["SCH161", "a loop in which nothing is computed", ({ s, E }) => S.softwarePipeline(s, E, "j", { stages: {} })],
    [
      "SCH162",
      "a reader in front of its producer",
      ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 1, C: 0, D: 1, E: 2 } }),
    ],
    [
      "SCH162",
      "an order against the dependence",
      ({ s, E }) => S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 1 }, order: ["C", "B", "D", "E"] }),
    ],
    [
      "SCH163",
      "a parallel loop",
      ({ s, E }) => [S.parallel(s, E, "i"), S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 0 } })],
    ],
  ])("%s: %s", (code, _, call) => {
    const c = chain(4);
    if (code !== "SCH163") expect(refusal(c.s, () => call(c))).toBe(code);
    else expect(() => call(c)).toThrow(/SCH163/);
  });

  it("what later calls would break", () => {
    const { s, B, C, E } = chain(6);
    S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 1, D: 2 } });
    expect(refusal(s, () => S.parallel(s, E, "i"))).toBe("SCH163");
    expect(refusal(s, () => S.split(s, E, "i", { factor: 2 }))).toBe("SCH164");
    expect(refusal(s, () => S.fuse(s, E, "i", "j"))).not.toBe("accepted");
    expect(refusal(s, () => S.cacheRead(s, C, "local"))).toBe("SCH165");
    expect(refusal(s, () => S.vectorize(s, E, "i"))).toBe("SCH118");
    S.computeRoot(s, B);
    S.reorder(s, E, ["j", "i"]);
    expectSame(s);
  });

  it("to run ahead of a recurrence", () => {
    const n = 6;
    const X = placeholder([n], { name: "X" });
    const state = placeholder([n], { name: "state" });
    const first = compute([1], () => read(X, 0) as never, { name: "first" });
    const before = (t: Parameters<typeof sub>[0]) => maximum(sub(t, 1), 0);
    const doubled = compute([n], (t) => mul(read(X, t), 2), { name: "doubled" });
    const old = compute([n], (t) => mul(read(state, before(t)), 3), { name: "old" });
    const next = compute([n], (t) => add(read(old, t), read(doubled, t)), { name: "next" });
    const [R] = scan({ name: "R", initial: [first], states: [state], update: [next] }) as [Tensor];
    const s = S.createSchedule(R);
    S.computeInline(s, "next");
    S.computeAt(s, doubled, R, "t");
    expect(refusal(s, () => S.softwarePipeline(s, R, "t", { stages: { old: 0, doubled: 0 } }))).toBe("SCH162");
    expect(refusal(s, () => S.doubleBuffer(s, old))).toBe("SCH162");
    S.softwarePipeline(s, R, "t", { stages: { doubled: 0, old: 2, R: 2 } });
    expectSame(s);
  });
});

describe("doubleBuffer", () => {
  it("computes a stage one iteration ahead, into the other buffer", () => {
    const A = placeholder([20], { name: "A" });
    const B = compute([20], (i) => mul(read(A, i), 2), { name: "B" });
    const C = compute([20], (i) => add(read(B, i), 1), { name: "C" });
    const s = S.createSchedule(C);
    const [outer, inner] = S.split(s, C, "i", { factor: 8 });
    S.computeAt(s, B, C, outer);
    S.vectorize(s, C, inner);
    S.doubleBuffer(s, B);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[20] @global align 64, C: float32[20] @global align 64) {
        allocate B: float32[2, 8] @global align 64
        for i.outer in 0..4 {
          guard i.outer < 3 {
            for i in 0..8 {
              guard i.outer * 8 + i < 20 {
                B[i.outer % 2, i] = A[i.outer * 8 + i] * 2.0
              }
            }
          }
          guard i.outer >= 1 {
            for i.inner: vectorized in 0..8 {
              guard (i.outer - 1) * 8 + i.inner < 20 {
                C[(i.outer - 1) * 8 + i.inner] = B[(i.outer - 1) % 2, i.inner] + 1.0
              }
            }
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [1, 1, 1],
    [8, 16, 12],
    [5, 17, 7],
  ])("of both packed operands of a product of %i x %i x %i", (m, n, k) => {
    const { s, C, packedA, packedB, ii, ji, jo } = gemm(m, n, k);
    S.doubleBuffer(s, packedB);
    S.doubleBuffer(s, packedA);
    S.unroll(s, C, ii);
    S.vectorize(s, C, ji);
    S.parallel(s, C, jo);
    expect(S.print(s)).toContain("allocate B.local: float32[2,");
    expect(S.print(s)).toContain("allocate A.global: float32[2,");
    expectSame(s);
  });

  it("takes along what the stage reads, and adds up", () => {
    const { s, B, C, D, E } = chain(5);
    const numbers = () => Object.entries(S.traceOf(s).records.at(-1)?.arguments.stages ?? {});
    S.doubleBuffer(s, C);
    expectSame(s);
    S.doubleBuffer(s, B);
    S.doubleBuffer(s, D);
    expectSame(s);
    S.doubleBuffer(s, D);
    expectSame(s);
    S.softwarePipeline(s, E, "i", { stages: { B: 0, C: 0, D: 0, E: 0 } });
    expect(numbers()).toEqual([["B", 0], ["C", 0], ["D", 0], ["E", 0]]); // biome-ignore format: a table
    expect(S.print(s)).not.toContain("guard");
  });

  it("of a stage in guarded and padded tiles", () => {
    for (const tail of ["guard", "roundUp", "shift"] as const) {
      const n = 13;
      const A = placeholder([n], { name: "A" });
      const B = compute([n], (i) => mul(read(A, i), 2), { name: "B" });
      const C = compute([n], (i) => add(read(B, i), ifThenElse(lt(i, 5), read(B, 0), 1)), { name: "C" });
      const D = compute([n], (i) => mul(read(C, i), read(C, i)), { name: "D" });
      const s = S.createSchedule(D);
      const [outer] = S.split(s, D, "i", { factor: 4 });
      S.computeAt(s, C, D, outer);
      S.split(s, C, "i", { factor: 3, tail });
      S.doubleBuffer(s, C);
      expectSame(s);
    }
  });

  it("refuses stages outside of loops, and loops without order", () => {
    const { s, E, B, A } = chain(4);
    expect(refusal(s, () => S.doubleBuffer(s, E))).toBe("SCH166");
    expect(refusal(s, () => S.doubleBuffer(s, A))).toBe("SCH166");
    S.parallel(s, E, "i");
    expect(refusal(s, () => S.doubleBuffer(s, B))).toBe("SCH163");
  });
});
