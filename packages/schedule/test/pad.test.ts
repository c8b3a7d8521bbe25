import type { Expr, Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, cast, commReducer, compute, gt, max, maximum, mul, placeholder, prod, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string, dtype: "float32" | "int32" | "int8" = "float32"): Tensor =>
  placeholder(shape, { name, dtype });

function product(m: number, n: number, k: number) {
  const [A, B, b] = [input([m, k], "A"), input([k, n], "B"), input([n], "b")];
  const r = reduceAxis(k, "k");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), r), { name: "C" });
  const D = compute([m, n], (i, j) => add(read(C, i, j), read(b, j)), { name: "D" });
  return { A, B, C, D, s: S.createSchedule(D) };
}

describe("pad", () => {
  it("computes over rounded extents, of padded copies", () => {
    const A = input([3, 5], "A");
    const B = input([5], "B");
    const r = reduceAxis(5, "k");
    const C = compute([3], (i) => sum(mul(read(A, i, r), read(B, r)), r), { name: "C" });
    const s = S.createSchedule(C);
    const made = S.pad(s, C, { i: 2, k: 4 });
    expect(made.map(({ name }) => name)).toEqual(["A.pad", "B.pad", "C.pad"]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[3, 5] @global align 64, B: float32[5] @global align 64, C: float32[3] @global align 64) {
        allocate A.pad: float32[4, 8] @global align 64
        allocate B.pad: float32[8] @global align 64
        allocate C.pad: float32[4] @global align 64
        for i in 0..4 {
          for k in 0..8 {
            A.pad[i, k] = if_then_else(i < 3 && k < 5, A[min(i, 2), min(k, 4)], 0.0)
          }
        }
        for k_1 in 0..8 {
          B.pad[k_1] = if_then_else(k_1 < 5, B[min(k_1, 4)], 0.0)
        }
        for i_1 in 0..4 {
          C.pad[i_1] = 0.0
          for k_2 in 0..8 {
            C.pad[i_1] = C.pad[i_1] +[cr] A.pad[i_1, k_2] *[c] B.pad[k_2]
          }
        }
        for i_2 in 0..3 {
          C[i_2] = C.pad[i_2]
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [1, 1, 1],
    [5, 7, 3],
    [8, 8, 8],
    [13, 9, 11],
  ])("keeps a matrix product of %i by %i by %i in whole tiles", (m, n, k) => {
    const { C, D, s } = product(m, n, k);
    const result = S.pad(s, C, { i: 4, j: 8, k: 2 }).at(-1) as Tensor;
    const [, , ii, ji] = S.tile(s, result, "i", "j", { factors: [4, 8], tail: "exact" });
    S.reorder(s, result, ["k", ii, ji]);
    S.unroll(s, result, ii);
    S.vectorize(s, result, ji);
    expectSame(s);
    S.computeInline(s, C);
    S.computeAt(s, result, D, S.split(s, D, "i", { factor: 4 })[0]);
    expectSame(s);
  });

  it("fills what it computes in a tile up to multiples", () => {
    const { C, D, s } = product(6, 10, 3);
    const result = S.pad(s, C, { j: 4 }).at(-1) as Tensor;
    const [outer] = S.split(s, D, "j", { factor: 6 });
    S.reorder(s, D, [outer, "i"]);
    S.computeInline(s, C);
    S.computeAt(s, result, D, "i");
    S.vectorize(s, result, S.split(s, result, "j", { factor: 4, tail: "exact" })[1]);
    expectSame(s);
  });

  it("keeps folds of one read, with the identity beyond the end", () => {
    const A = input([5, 7], "A");
    const k = reduceAxis([1, 6], "k");
    const folds = [(v: Expr) => max(v, k), (v: Expr) => sum(v, k), (v: Expr) => prod(v, k)];
    for (const fold of folds) {
      const C = compute([5], (i) => fold(read(A, i, k)), { name: "C" });
      const s = S.createSchedule(C);
      const [copy, result] = S.pad(s, C, { i: 4, k: 4 }) as [Tensor, Tensor];
      S.decomposePadding(s, copy);
      S.rfactor(s, result, S.split(s, result, "k", { factor: 4, tail: "exact" })[1]);
      expectSame(s);
    }
  });

  it("keeps start values, equal reads, casts and integers", () => {
    const [A, B, Q] = [input([5, 7], "A", "int8"), input([5], "B", "int8"), input([5], "Q", "int32")];
    const k = reduceAxis(7, "k");
    const a = cast(read(A, 0, k), "int32");
    const outputs = [
      compute(
        [5],
        (i) => sum(mul(cast(read(A, i, k), "int32"), cast(read(B, i), "int32")), k, { initial: read(Q, i) }),
        { name: "C" },
      ),
      compute([5], () => sum(mul(a, a), k), { name: "C" }),
    ];
    for (const C of outputs) {
      const s = S.createSchedule(C);
      S.pad(s, C, { i: 4, k: 4 });
      expectSame(s, { lowered: false });
    }
  });

  it("keeps infinities and NaNs what they are", () => {
    const { C, s } = product(3, 3, 3);
    S.pad(s, C, { i: 2, j: 2, k: 2 });
    const inputs = new Map([
      ["A", Float32Array.of(1, Infinity, 2, -Infinity, 0, 1, 1, 1, 1)],
      ["B", Float32Array.of(1, 0, 2, 1, 1, 3, Number.NaN, 1, 0)],
      ["b", Float32Array.of(0, 1, 2)],
    ]);
    expectSame(s, { lowered: false, inputs });
  });

  it("replays on another shape, padded there or not", () => {
    const { C, s } = product(8, 8, 8);
    S.pad(s, C, { i: 4, k: 8 });
    expectSame(S.replay(product(5, 7, 3).D, S.traceOf(s)));
  });

  it("refuses a reduction along which a factor is not padded", () => {
    const [A, b] = [input([4, 5], "A"), input([4], "b")];
    const k = reduceAxis(5, "k");
    const C = compute([4], (i) => sum(mul(read(A, i, k), read(b, i)), k), { name: "C" });
    const s = S.createSchedule(C);
    expect(refusal(s, () => S.pad(s, C, { k: 4 }))).toBe("SCH138");
    expect(() => S.pad(s, C, { k: 4 })).toThrow(/NaN/);
    S.pad(s, C, { i: 8 });
    expectSame(s);
  });

  it("refuses what is no sum of products", () => {
    const A = input([6, 9], "A");
    const k = reduceAxis(5, "k");
    const odd = commReducer({
      name: "odd",
      identities: () => [1],
      combine: ([a], [b]) => [maximum(a as Expr, b as Expr)],
    });
    const of = (make: (i: Expr) => Expr): Tensor => compute([4], (i) => make(i), { name: "C" });
    const stages = [
      of((i) => mul(read(A, i, 0), 2)),
      of((i) => sum(sub(read(A, i, k), 1), k)),
      of((i) => sum(read(A, i, add(k, i)), k)),
      of((i) => max(mul(read(A, i, k), 2), k)),
      of((i) => sum(read(A, i, k), k, { where: gt(read(A, i, k), 0) })),
      of((i) => odd([read(A, i, k)], k)[0] as Expr),
    ];
    for (const C of stages) {
      const s = S.createSchedule(C);
      expect(refusal(s, () => S.pad(s, C, { i: 4 }))).toBe("SCH137");
    }
    const strict = of((i) => sum(read(A, i, k), k, { strict: true, initial: read(A, i, 0) }));
    const s = S.createSchedule(strict);
    expect(refusal(s, () => S.pad(s, strict, { i: 4 }))).toBe("SCH130");
  });

  it.each<[string, string, (g: ReturnType<typeof product>) => unknown]>([
    ["SCH104", "an axis that is not there", ({ s, C }) => S.pad(s, C, { z: 2 })],
    ["SCH101", "no multiple", ({ s, C }) => S.pad(s, C, { i: 0 })],
    ["SCH132", "no axes", ({ s, C }) => S.pad(s, C, {})],
    ["SCH132", "nothing", ({ s, C }) => S.pad(s, C, null as never)],
    ["SCH110", "an input", ({ s, A }) => S.pad(s, A, { i: 2 })],
    ["SCH137", "what is no reduction", ({ s, D }) => S.pad(s, D, { i: 2 })],
  ])("refuses with %s %s", (code, _, call) => {
    const given = product(4, 4, 4);
    expect(refusal(given.s, () => call(given))).toBe(code);
  });

  it("comes before loops are changed or hold something", () => {
    const { A, C, s } = product(4, 4, 4);
    S.computeAt(s, S.cacheRead(s, A, "local", [C]), C, "i");
    expect(refusal(s, () => S.pad(s, C, { i: 2 }))).toBe("SCH131");
    S.split(s, C, "j", { factor: 2 });
    expect(refusal(s, () => S.pad(s, C, { i: 2 }))).toBe("SCH114");
  });
});
