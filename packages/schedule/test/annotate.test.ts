import { wasm } from "@tilewright/codegen-wasm";
import { NO_SPAN } from "@tilewright/diagnostics";
import { print as printIR } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

function rows(n: number, m: number) {
  const A = placeholder([n, m], { name: "A" });
  const B = compute([n, m], (i, j) => add(read(A, i, j), 1), { name: "B" });
  return { A, B, s: S.createSchedule(B) };
}

function product(m: number, n: number, k: number) {
  const [A, B] = [placeholder([m, k], { name: "A" }), placeholder([k, n], { name: "B" })];
  const r = reduceAxis(k, "r");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), r), { name: "C" });
  const D = compute([m, n], (i, j) => add(read(C, i, j), 1), { name: "D" });
  return { C, D, s: S.createSchedule(D) };
}

const count = (text: string, word: string): number => text.split(word).length - 1;
const lowered = (s: S.Schedule): string => {
  const { capabilities, passes = [] } = wasm({ simd: true });
  const module = { kind: "IRModule", span: NO_SPAN, functions: [S.toPrimFunc(s)], attributes: {} } as const;
  return printIR(lower(module, { capabilities, passes }).module);
};

describe("annotate", () => {
  it("keeps a guard where it is", () => {
    const { s, B } = rows(4, 10);
    S.split(s, B, "j", { factor: 4 });
    S.annotate(s, B, "j.outer", { partition: "never" });
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @B(A: float32[4, 10] @global align 64, B: float32[4, 10] @global align 64) {
        for i in 0..4 {
          for j.outer in 0..3 {
            for j.inner in 0..4 {
              if j.outer * 4 + j.inner < 10 {
                B[i, j.outer * 4 + j.inner] = A[i, j.outer * 4 + j.inner] + 1.0
              }
            }
          }
        }
      }
      "
    `);
    expectSame(s);
    const peeled = rows(4, 10);
    S.split(peeled.s, peeled.B, "j", { factor: 4 });
    expect(count(lowered(s), "B[")).toBe(1);
    expect(count(lowered(peeled.s), "B[")).toBeGreaterThan(1);
  });

  it("tells the loops that come of a loop, and takes it back", () => {
    const branches = (change: (s: S.Schedule, B: ReturnType<typeof rows>["B"]) => void): readonly [number, number] => {
      const { s, B } = rows(5, 7);
      change(s, B);
      expectSame(s);
      expectSame(S.replay(rows(3, 11).B, S.traceOf(s)));
      const text = S.print(s);
      return [count(text, "if "), count(text, "guard ")];
    };
    const never = { partition: "never" } as const;
    expect(
      branches((s, B) => {
        S.annotate(s, B, "j", never);
        S.split(s, B, "j", { factor: 4 });
      }),
    ).toEqual([1, 0]);
    expect(
      branches((s, B) => {
        S.annotate(s, B, "i", never);
        S.split(s, B, "j", { factor: 4 });
      }),
    ).toEqual([0, 1]);
    expect(
      branches((s, B) => {
        S.annotate(s, B, "j", never);
        S.split(s, B, S.fuse(s, B, "i", "j"), { factor: 4 });
      }),
    ).toEqual([2, 0]);
    expect(
      branches((s, B) => {
        S.annotate(s, B, "j", never);
        S.annotate(s, B, "j", { partition: "auto" });
        S.split(s, B, "j", { factor: 4 });
      }),
    ).toEqual([0, 1]);
  });

  it.each([
    [1, 1, 1],
    [7, 10, 3],
    [5, 13, 2],
  ])("keeps the meaning of %i by %i by %i", (m, n, k) => {
    const { s, C, D } = product(m, n, k);
    const [, lanes] = S.split(s, D, "j", { factor: 4 });
    S.computeAt(s, C, D, "j.outer");
    const [ro, ri] = S.split(s, C, "r", { factor: 2 });
    const [io, ii] = S.split(s, C, "i", { factor: 2 });
    S.annotate(s, D, "j.outer", { partition: "never" });
    for (const axis of [ro, ri, io, ii]) S.annotate(s, C, axis, { partition: "never" });
    S.vectorize(s, D, lanes);
    S.unroll(s, C, ii);
    S.parallel(s, D, "i");
    expect(S.print(s)).not.toContain("guard");
    expectSame(s);
    expectSame(S.replay(product(m + 1, n + 2, k + 1).D, S.traceOf(s)));
  });

  it("also holds for the guards of a pipeline", () => {
    const A = placeholder([6], { name: "A" });
    const B = compute([6], (i) => mul(read(A, i), 2), { name: "B" });
    const C = compute([6], (i) => add(read(B, i), 1), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    S.doubleBuffer(s, B);
    S.annotate(s, C, "i", { partition: "never" });
    expect(S.print(s)).not.toContain("guard");
    expectSame(s);
  });

  it("refuses hints that there are not", () => {
    const { s, A, B } = rows(4, 10);
    expect(refusal(s, () => S.annotate(s, B, "k", { partition: "never" }))).toBe("SCH104");
    expect(refusal(s, () => S.annotate(s, A, "i", { partition: "never" }))).toBe("SCH104");
    expect(refusal(s, () => S.annotate(s, B, "i", { partition: "always" } as never))).toBe("SCH144");
    expect(refusal(s, () => S.annotate(s, B, "i", undefined as never))).toBe("SCH144");
  });
});
