import type { Scope } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, extern, mul, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

function pair(n: number, m: number) {
  const A = placeholder([n, m], { name: "A" });
  const B = compute([n, m], (i, j) => mul(read(A, i, j), 2), { name: "B" });
  const C = compute([n, m], (i, j) => add(read(B, i, j), 1), { name: "C" });
  return { A, B, C, s: S.createSchedule(C) };
}

describe("setScope", () => {
  it("names the memory of a stage", () => {
    const { s, B, C } = pair(4, 3);
    S.computeAt(s, B, C, "i");
    S.setScope(s, B, "local");
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[4, 3] @global align 64, C: float32[4, 3] @global align 64) {
        for i in 0..4 {
          allocate B: float32[1, 3] @local align 64
          for i_1 in 0..1 {
            for j in 0..3 {
              B[0, j] = A[i, j] * 2.0
            }
          }
          for j_1 in 0..3 {
            C[i, j_1] = B[0, j_1] + 1.0
          }
        }
      }
      "
    `);
    expect(S.traceOf(s).records.at(-1)).toEqual({ primitive: "setScope", stage: "B", arguments: { scope: "local" }, results: [] }); // biome-ignore format: one record
  });

  it.each([
    [1, 1],
    [4, 6],
    [7, 5],
  ])("keeps the meaning of %i by %i, with tails and lanes", (n, m) => {
    for (const scope of ["global", "shared", "warp", "local", "vta.acc"] as const) {
      const { s, B, C } = pair(n, m);
      const [, lanes] = S.split(s, C, "j", { factor: 4 });
      S.computeAt(s, B, C, "j.outer");
      S.setScope(s, B, scope);
      S.vectorize(s, C, lanes);
      expectSame(s, { lowered: scope !== "vta.acc" });
      const other = pair(n + 2, m + 1);
      expectSame(S.replay(other.C, S.traceOf(s)), { lowered: scope !== "vta.acc" });
    }
  });

  it("refuses memory that is not the schedule's, and scopes that are none", () => {
    const { s, A, B, C } = pair(4, 3);
    expect(refusal(s, () => S.setScope(s, A, "local"))).toBe("SCH110");
    expect(refusal(s, () => S.setScope(s, C, "local"))).toBe("SCH110");
    expect(refusal(s, () => S.setScope(s, B, "cache" as Scope))).toBe("SCH122");
    expect(refusal(s, () => S.setScope(s, B, undefined as never))).toBe("SCH122");
    expect(refusal(s, () => S.setScope(s, placeholder([2], { name: "other" }), "local"))).toBe("SCH103");
  });

  it("refuses memory that an extern operation reads", () => {
    const { s: _, B } = pair(4, 3);
    const E = extern({
      name: "E",
      inputs: [B],
      outputs: [{ shape: [4, 3], dtype: "float32" }],
      body: () => ({ kind: "Block", span: B.span, body: [] }) as never,
    })[0] as typeof B;
    const s = S.createSchedule(E);
    expect(() => S.setScope(s, B, "local")).toThrow(expect.objectContaining({ code: "SCH110" }));
  });

  it("minds the threads around the stage, whichever call comes first", () => {
    const threads = pair(4, 3);
    S.computeAt(threads.s, threads.B, threads.C, "i");
    S.setScope(threads.s, threads.B, "local");
    S.bind(threads.s, threads.C, "i", "threadIdx.x");
    expect(refusal(threads.s, () => S.setScope(threads.s, threads.B, "shared"))).toBe("SCH122");
    expectSame(threads.s, { lowered: false });
    expect(refusal(threads.s, () => S.bind(threads.s, threads.B, "i", "threadIdx.x"))).toBe("SCH117");
    const bound = pair(4, 3);
    S.computeAt(bound.s, bound.B, bound.C, "i");
    S.setScope(bound.s, bound.B, "shared");
    expect(refusal(bound.s, () => S.bind(bound.s, bound.C, "i", "threadIdx.x"))).toBe("SCH122");
  });
});
