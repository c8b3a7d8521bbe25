import type { DType, Expr, Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, and, cast, commReducer, compute, eq, gt, lt, mul, or, placeholder, read, reduceAxis, select, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string, dtype: DType = "float32"): Tensor =>
  placeholder(shape, { name, dtype });

function rowSums(n: number, m: number) {
  const A = input([n, m], "A");
  const k = reduceAxis(m, "k");
  const B = compute([n], (i) => sum(read(A, i, k), k), { name: "B" });
  const C = compute([n], (i) => add(read(B, i), 1), { name: "C" });
  return { A, B, C, s: S.createSchedule(C) };
}

/** Largest value and its place; the first of equals. */
const first = commReducer({
  name: "argmax",
  identities: () => [-1e9, -1],
  combine: ([a, i], [b, j]) => {
    const later = or(gt(b as Expr, a as Expr), and(eq(b as Expr, a as Expr), lt(j as Expr, i as Expr)));
    return [select(later, b as Expr, a as Expr), select(later, j as Expr, i as Expr)];
  },
});
/** The same, the left of equals. */
const left = commReducer({
  name: "leftmost",
  identities: () => [-1e9, -1],
  combine: ([a, i], [b, j]) => [
    select(gt(b as Expr, a as Expr), b as Expr, a as Expr),
    select(gt(b as Expr, a as Expr), j as Expr, i as Expr),
  ],
});

describe("rfactor", () => {
  it("makes the loop a dimension of partial results", () => {
    const { B, s } = rowSums(2, 8);
    const [outer] = S.split(s, B, "k", { factor: 4 });
    const partial = S.rfactor(s, B, outer);
    expect(S.axesOf(s, partial).map(({ name }) => name)).toEqual(["k.outer", "i", "k.inner"]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[2, 8] @global align 64, C: float32[2] @global align 64) {
        allocate B.rf: float32[2, 2] @global align 64
        allocate B: float32[2] @global align 64
        for k.outer in 0..2 {
          for i in 0..2 {
            B.rf[k.outer, i] = 0.0
            for k.inner in 0..4 {
              B.rf[k.outer, i] = B.rf[k.outer, i] +[cr] A[i, k.outer * 4 + k.inner]
            }
          }
        }
        for i_1 in 0..2 {
          B[i_1] = 0.0
          for k.outer_1 in 0..2 {
            B[i_1] = B[i_1] +[cr] B.rf[k.outer_1, i_1]
          }
        }
        for i_2 in 0..2 {
          C[i_2] = B[i_2] + 1.0
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [1, 1],
    [3, 7],
    [5, 13],
    [4, 12],
  ])("keeps the sums of %i rows of %i, whichever loop and tail", (n, m) => {
    for (const factor of [1, 3, 4, 20]) {
      for (const which of [0, 1] as const) {
        for (const position of [0, 1]) {
          const { B, s } = rowSums(n, m);
          const loop = S.split(s, B, "k", { factor })[which];
          const partial = S.rfactor(s, B, loop, { position });
          S.parallel(s, partial, loop.name);
          expectSame(s);
        }
      }
    }
  });

  it("factors a whole reduction into a copy of the values", () => {
    const { B, s } = rowSums(3, 5);
    const partial = S.rfactor(s, B, "k");
    S.computeInline(s, partial);
    expectSame(s);
  });

  it("works with fused and nested loops, and twice", () => {
    const A = input([5, 3, 7], "A");
    const [k, l] = [reduceAxis([1, 2], "k"), reduceAxis(7, "l")];
    const B = compute([5], (i) => sum(read(A, i, k, l), [k, l]), { name: "B" });
    const s = S.createSchedule(B);
    const fused = S.fuse(s, B, "k", "l");
    const [outer, inner] = S.split(s, B, fused, { factor: 4 });
    S.reorder(s, B, [outer, "i"]);
    const once = S.rfactor(s, B, inner, { position: 1 });
    S.vectorize(s, once, inner.name);
    const twice = S.rfactor(s, once, outer.name);
    S.computeAt(s, twice, once, S.axesOf(s, once)[0] as never);
    expectSame(s);
  });

  it("keeps conditions and start values", () => {
    const [A, Q] = [input([4, 9], "A"), input([4], "Q")];
    const k = reduceAxis(9, "k");
    const where = gt(read(A, 0, k), 0);
    const B = compute([4], (i) => sum(read(A, i, k), k, { where, initial: read(Q, i) }), { name: "B" });
    for (const factor of [3, 4, 9]) {
      const s = S.createSchedule(B);
      S.rfactor(s, B, S.split(s, B, "k", { factor })[0]);
      expectSame(s);
    }
  });

  it("factors all components of a tuple and all folds of a stage", () => {
    const A = input([4, 9], "A", "int32");
    const k = reduceAxis(9, "k");
    const outputs = compute([4], (i) => [...first([read(A, i, k), cast(k, "int32")], k), sum(read(A, i, k), k)], {
      name: "B",
    });
    for (const which of [0, 1] as const) {
      const s = S.createSchedule(outputs);
      const partial = S.rfactor(s, outputs[1] as Tensor, S.split(s, "B", "k", { factor: 2 })[which]);
      expect(partial.name).toBe("B.1.rf");
      expectSame(s);
    }
  });

  it("stands where its producers do", () => {
    const A = input([6, 10], "A");
    const D = compute([6, 10], (i, j) => mul(read(A, i, j), 2), { name: "D" });
    const k = reduceAxis(10, "k");
    const B = compute([6], (i) => sum(read(D, i, k), k), { name: "B" });
    const C = compute([6], (i) => sub(read(B, i), 1), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    S.computeAt(s, D, B, "i");
    S.rfactor(s, B, S.split(s, B, "k", { factor: 4 })[0]);
    expectSame(s);
  });

  it("runs over no elements", () => {
    const { B, s } = rowSums(3, 0);
    S.rfactor(s, B, S.split(s, B, "k", { factor: 4 })[0]);
    expectSame(s);
  });

  it("replays on another shape", () => {
    const { B, s } = rowSums(3, 8);
    S.rfactor(s, B, S.split(s, B, "k", { factor: 4 })[0]);
    const again = S.replay(rowSums(5, 11).C, S.traceOf(s));
    expectSame(again);
  });
});

describe("rfactor refuses", () => {
  const axes = (m: number) => [input([4, m], "A"), reduceAxis(m, "k")] as const;

  it("SCH126 a data loop", () => {
    const { B, s } = rowSums(4, 4);
    expect(refusal(s, () => S.rfactor(s, B, "i"))).toBe("SCH126");
  });

  it("SCH132 a position that is none", () => {
    const { B, s } = rowSums(4, 4);
    for (const position of [-1, 2, 0.5, "x"])
      expect(refusal(s, () => S.rfactor(s, B, "k", { position: position as number }))).toBe("SCH132");
  });

  it("SCH109 a reduction loop that is marked", () => {
    const { B, s } = rowSums(4, 4);
    S.unroll(s, B, "k");
    expect(refusal(s, () => S.rfactor(s, B, "k"))).toBe("SCH109");
  });

  it("SCH131 while something is computed in a reduction loop", () => {
    const { A, B, s } = rowSums(4, 4);
    S.computeAt(s, S.cacheRead(s, A, "local", [B]), B, "k");
    expect(refusal(s, () => S.rfactor(s, B, "k"))).toBe("SCH131");
  });

  it("SCH130 a strict fold", () => {
    const [A, k] = axes(4);
    const B = compute([4], (i) => sum(read(A, i, k), k, { strict: true }), { name: "B" });
    const s = S.createSchedule(B);
    expect(refusal(s, () => S.rfactor(s, B, "k"))).toBe("SCH130");
  });

  it("SCH130 a combiner that breaks a law, with what breaks it", () => {
    const [A, k] = axes(4);
    const difference = commReducer({
      name: "difference",
      identities: () => [0],
      combine: ([a], [b]) => [sub(a as Expr, b as Expr)],
    });
    const offset = commReducer({
      name: "offset",
      identities: () => [1],
      combine: ([a], [b]) => [add(a as Expr, b as Expr)],
    });
    for (const reducer of [difference, offset]) {
      const B = compute([4], (i) => reducer([read(A, i, k)], k)[0] as Expr, { name: "B" });
      const s = S.createSchedule(B);
      expect(refusal(s, () => S.rfactor(s, B, "k"))).toBe("SCH130");
      expect(() => S.rfactor(s, B, "k")).toThrow(/identity/);
    }
  });

  it("SCH130 an order that matters, unless the order stays", () => {
    const [A, k] = axes(6);
    const outputs = compute([4], (i) => left([read(A, i, k), cast(k, "int32")], k), { name: "B" });
    const s = S.createSchedule(outputs);
    const [outer, inner] = S.split(s, "B", "k", { factor: 2 });
    expect(refusal(s, () => S.rfactor(s, "B", inner))).toBe("SCH130");
    S.rfactor(s, "B", outer);
    expectSame(s);
  });
});
