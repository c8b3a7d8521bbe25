import type { Expr, Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, and, cast, commReducer, compute, eq, gt, lt, max, mul, or, placeholder, read, reduceAxis, select, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string, dtype: "float32" | "int32" = "float32"): Tensor =>
  placeholder(shape, { name, dtype });

const argmax = commReducer({
  name: "argmax",
  identities: () => [-1e9, -1],
  combine: ([a, i], [b, j]) => {
    const later = or(gt(b as Expr, a as Expr), and(eq(b as Expr, a as Expr), lt(j as Expr, i as Expr)));
    return [select(later, b as Expr, a as Expr), select(later, j as Expr, i as Expr)];
  },
});

function tuple(n: number, m: number) {
  const A = input([n, m], "A", "int32");
  const k = reduceAxis(m, "k");
  const [value, place] = compute([n], (i) => argmax([read(A, i, k), cast(k, "int32")], k), { name: "M" });
  const C = compute([n], (i) => add(read(value as Tensor, i), read(place as Tensor, i)), { name: "C" });
  return { A, value: value as Tensor, place: place as Tensor, C, s: S.createSchedule(C) };
}

describe("cacheWrite", () => {
  it("moves all outputs of a stage", () => {
    const { place, s } = tuple(3, 4);
    const copy = S.cacheWrite(s, place, "local");
    expect(copy.name).toBe("M.1.local");
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: int32[3, 4] @global align 64, C: int32[3] @global align 64) {
        allocate M.0.local: int32[3] @local align 64
        allocate M.1.local: int32[3] @local align 64
        allocate M.0: int32[3] @global align 64
        allocate M.1: int32[3] @global align 64
        for i in 0..3 {
          M.0.local[i] = int32(-1000000000)
          M.1.local[i] = int32(-1)
          for k in 0..4 {
            let M.0.local.new = select(A[i, k] > M.0.local[i] || A[i, k] == M.0.local[i] && cast(int32, k) < M.1.local[i], A[i, k], M.0.local[i])
            let M.1.local.new = select(A[i, k] > M.0.local[i] || A[i, k] == M.0.local[i] && cast(int32, k) < M.1.local[i], cast(int32, k), M.1.local[i])
            M.0.local[i] = M.0.local.new
            M.1.local[i] = M.1.local.new
          }
        }
        for i_1 in 0..3 {
          let M.0.new = M.0.local[i_1]
          let M.1.new = M.1.local[i_1]
          M.0[i_1] = M.0.new
          M.1[i_1] = M.1.new
        }
        for i_2 in 0..3 {
          C[i_2] = M.0[i_2] + M.1[i_2]
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
  ])("keeps a tuple of %i by %i through tiles of the copy", (n, m) => {
    const { value, C, s } = tuple(n, m);
    const copy = S.cacheWrite(s, value, "local");
    const [outer, inner] = S.split(s, "M", "i", { factor: 4 });
    S.computeAt(s, copy, "M", outer);
    S.vectorize(s, "M", inner);
    S.computeAt(s, "M", C, S.split(s, C, "i", { factor: 3 })[0]);
    expectSame(s);
  });

  it("moves several folds of one loop nest, some of them outputs", () => {
    const A = input([4, 6], "A");
    const k = reduceAxis(6, "k");
    const outputs = compute([4], (i) => [sum(read(A, i, k), k), max(read(A, i, k), k)], { name: "B" });
    const s = S.createSchedule(outputs);
    S.cacheWrite(s, outputs[1] as Tensor, "global");
    expectSame(s);
  });

  it("takes along what is computed in the loops, and where the stage stands", () => {
    const A = input([6, 5], "A");
    const D = compute([6, 5], (i, j) => mul(read(A, i, j), 2), { name: "D" });
    const k = reduceAxis(5, "k");
    const B = compute([6], (i) => sum(read(D, i, k), k), { name: "B" });
    const C = compute([6], (i) => add(read(B, i), 1), { name: "C" });
    for (const loop of ["i", "k"]) {
      const s = S.createSchedule(C);
      S.computeAt(s, B, C, "i");
      S.computeAt(s, D, B, loop);
      S.cacheWrite(s, B, "local");
      expectSame(s);
    }
  });

  it("leaves many readers as they were", () => {
    const A = input([7], "A");
    const B = compute([7], (i) => mul(read(A, i), 2), { name: "B" });
    const C = compute([7], (i) => add(read(B, i), 1), { name: "C" });
    const D = compute([7], (i) => add(read(B, i), read(C, i)), { name: "D" });
    const s = S.createSchedule([B, D]);
    S.cacheWrite(s, B, "local");
    S.computeAt(s, C, D, "i");
    expectSame(s);
  });

  it("replays on another shape", () => {
    const { value, s } = tuple(4, 4);
    S.computeAt(s, S.cacheWrite(s, value, "local"), "M", "i");
    expectSame(S.replay(tuple(5, 3).C, S.traceOf(s)));
  });

  it("comes before loops are changed or an initialisation is moved", () => {
    const { A, s } = tuple(4, 4);
    S.decomposeReduction(s, "M", "i");
    expect(refusal(s, () => S.cacheWrite(s, "M", "local"))).toBe("SCH114");
    expect(refusal(s, () => S.cacheWrite(s, A, "local"))).toBe("SCH110");
  });
});

describe("cacheRead", () => {
  it("copies the output that is named, for the readers that are", () => {
    const { value, place, C, s } = tuple(4, 6);
    const [first, second] = [S.cacheRead(s, value, "local"), S.cacheRead(s, place, "global", [C])];
    expect([first.name, second.name]).toEqual(["M.0.local", "M.1.global"]);
    S.computeAt(s, first, C, "i");
    expectSame(s);
    expectSame(S.replay(tuple(3, 5).C, S.traceOf(s)));
  });

  it("serves readers in loops of other stages", () => {
    const A = input([6, 5], "A");
    const P = compute([6, 5], (i, j) => mul(read(A, i, j), 2), { name: "P" });
    const Q = compute([6, 5], (i, j) => add(read(P, i, j), read(A, i, 0)), { name: "Q" });
    const C = compute([6, 5], (i, j) => add(read(Q, i, j), read(P, i, 4)), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, Q, C, "i");
    S.computeAt(s, P, C, "i");
    S.cacheRead(s, P, "local");
    expectSame(s);
  });

  it("stands where an inlined tensor's producers are computed", () => {
    const A = input([6, 5], "A");
    const P = compute([6, 5], (i, j) => mul(read(A, i, j), 2), { name: "P" });
    const Q = compute([6, 5], (i, j) => add(read(P, i, j), 1), { name: "Q" });
    const C = compute([6, 5], (i, j) => add(read(Q, i, j), read(P, i, j)), { name: "C" });
    const s = S.createSchedule(C);
    S.computeInline(s, Q);
    S.computeAt(s, P, C, "i");
    S.cacheRead(s, Q, "local");
    expectSame(s);
  });
});
