import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sub, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string): Tensor => placeholder(shape, { name });

function convolution(n: number, window: number) {
  const [A, W] = [input([n + window - 1], "A"), input([window], "W")];
  const d = reduceAxis(window, "d");
  const C = compute([n], (y) => sum(mul(read(A, add(y, d)), read(W, d)), d), { name: "C", axes: ["y"] });
  return { A, W, C, s: S.createSchedule(C) };
}

describe("reindex", () => {
  it("holds what a read reads in the shape of the reader's iteration", () => {
    const { A, C, s } = convolution(4, 3);
    const patches = S.reindex(s, A, C);
    expect(S.axesOf(s, patches).map(({ name }) => name)).toEqual(["y", "d"]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[6] @global align 64, W: float32[3] @global align 64, C: float32[4] @global align 64) {
        allocate A.C: float32[4, 3] @global align 64
        for y in 0..4 {
          for d in 0..3 {
            A.C[y, d] = A[y + d]
          }
        }
        for y_1 in 0..4 {
          C[y_1] = 0.0
          for d_1 in 0..3 {
            C[y_1] = C[y_1] +[cr] A.C[y_1, d_1] *[c] W[d_1]
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [1, 1],
    [7, 3],
    [12, 5],
  ])("keeps a convolution of %i by %i, wherever the copy stands", (n, window) => {
    const { A, W, C, s } = convolution(n, window);
    const patches = S.reindex(s, A, C);
    S.reindex(s, W, C);
    const [outer, inner] = S.split(s, C, "y", { factor: 4 });
    S.reorder(s, C, [outer, "d", inner]);
    S.computeAt(s, patches, C, outer);
    S.vectorize(s, patches, "d");
    expectSame(s);
  });

  it("takes axes that begin elsewhere, and one read of several", () => {
    const A = input([9, 6], "A");
    const k = reduceAxis([2, 3], "k");
    const C = compute([4], (i) => sum(sub(read(A, add(i, k), k), read(A, k, i)), k), { name: "C" });
    for (const number of [0, 1]) {
      const s = S.createSchedule(C);
      S.reindex(s, A, C, { read: number });
      expectSame(s);
    }
  });

  it("holds gathered elements", () => {
    const A = input([9, 3], "A");
    const I = placeholder([5], { name: "I", dtype: "int32" });
    const C = compute([5, 3], (i, j) => mul(read(A, read(I, i), j), 2), { name: "C" });
    const s = S.createSchedule(C);
    const gathered = S.reindex(s, A, C);
    S.computeAt(s, gathered, C, "i");
    const func = S.toPrimFunc(s);
    const inputs = new Map<string, TypedArray>([
      ["A", Float32Array.from({ length: 27 }, (_, k) => k)],
      ["I", Int32Array.of(3, 0, 8, 3, 1)],
    ]);
    const [expected] = evaluateTensors([C], inputs);
    const memory = new Map<string, TypedArray>([...inputs, ["C", new Float32Array(15)]]);
    interpret(func, memory as never);
    expect(memory.get("C")).toEqual(expected);
  });

  it("reads nothing outside when a condition kept the read inside", () => {
    const A = input([3, 10], "A");
    const k = reduceAxis(10, "k");
    const B = compute([3], (i) => sum(read(A, i, k), k), { name: "B" });
    const s = S.createSchedule(B);
    const partial = S.rfactor(s, B, S.split(s, B, "k", { factor: 4 })[0]);
    S.reindex(s, A, partial);
    expectSame(s);
  });

  it("stands where the reader does, and reads what is computed there", () => {
    const A = input([8, 5], "A");
    const P = compute([8, 5], (i, j) => add(read(A, i, j), 1), { name: "P" });
    const C = compute([8, 5], (i, j) => mul(read(P, i, sub(4, j)), 2), { name: "C" });
    const D = compute([8, 5], (i, j) => add(read(C, i, j), 1), { name: "D" });
    const s = S.createSchedule(D);
    S.computeAt(s, C, D, "i");
    S.computeAt(s, P, C, "i");
    S.reindex(s, P, C);
    expectSame(s);
  });

  it("replays on another shape", () => {
    const { A, C, s } = convolution(8, 3);
    S.computeAt(s, S.reindex(s, A, C), C, "y");
    expectSame(S.replay(convolution(5, 2).C, S.traceOf(s)));
  });

  it("refuses a reader that does not read, a read that is none, an input as reader", () => {
    const { A, C, W, s } = convolution(4, 3);
    expect(refusal(s, () => S.reindex(s, C, C))).toBe("SCH113");
    for (const number of [1, -1, 0.5, "x"])
      expect(refusal(s, () => S.reindex(s, A, C, { read: number as number }))).toBe("SCH132");
    expect(refusal(s, () => S.reindex(s, A, W))).toBe("SCH110");
  });
});
