import { isCompileError } from "@tilewright/diagnostics";
import type { Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, and, cast, compute, extern, floordiv, floormod, ge, ifThenElse, le, lt, mul, not, or, placeholder, read, reduceAxis, select, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

/** Masked attention without its softmax: scores below the diagonal times values. */
function attention(n: number, d: number) {
  const [Q, K, V] = ["Q", "K", "V"].map((name) => placeholder([n, d], { name })) as [Tensor, Tensor, Tensor];
  const [c, r] = [reduceAxis(d, "c"), reduceAxis(n, "r")];
  const P = compute([n, n], (i, k) => sum(mul(read(Q, i, c), read(K, k, c)), c), { name: "P" });
  const R = compute([n, n], (i, k) => mul(read(P, i, k), 2), { name: "R" });
  const O = compute([n, d], (i, e) => sum(mul(read(R, i, r), read(V, r, e)), r, { where: le(r, i) }), { name: "O" });
  return { Q, K, V, P, R, O, s: S.createSchedule(O) };
}

const lower = (i: Parameters<typeof le>[0], k: Parameters<typeof le>[0]) => le(k, i);

describe("storePredicate", () => {
  it("computes the half that is needed", () => {
    const { s, P, R } = attention(4, 3);
    S.storePredicate(s, R, lower);
    S.storePredicate(s, P, lower);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @O(Q: float32[4, 3] @global align 64, K: float32[4, 3] @global align 64, V: float32[4, 3] @global align 64, O: float32[4, 3] @global align 64) {
        allocate P: float32[4, 4] @global align 64
        allocate R: float32[4, 4] @global align 64
        for i in 0..4 {
          for j in 0..4 {
            guard j <= i {
              P[i, j] = 0.0
            }
            for c in 0..3 {
              guard j <= i {
                P[i, j] = P[i, j] +[cr] Q[i, c] *[c] K[j, c]
              }
            }
          }
        }
        for i_1 in 0..4 {
          for j_1 in 0..4 {
            guard j_1 <= i_1 {
              R[i_1, j_1] = P[i_1, j_1] * 2.0
            }
          }
        }
        for i_2 in 0..4 {
          for j_2 in 0..3 {
            O[i_2, j_2] = 0.0
            for r in 0..4 {
              guard r <= i_2 {
                O[i_2, j_2] = O[i_2, j_2] +[cr] R[i_2, r] *[c] V[r, j_2]
              }
            }
          }
        }
      }
      "
    `);
    expectSame(s);
    expect(S.traceOf(s).records.at(-1)).toEqual({
      primitive: "storePredicate",
      stage: "P",
      arguments: { condition: { op: "le", left: { axis: 1 }, right: { axis: 0 } } },
      results: [],
    });
  });

  it.each([
    [1, 1],
    [4, 3],
    [7, 5],
    [13, 2],
  ])("keeps the meaning of %i by %i, tiled, computed inside, with lanes", (n, d) => {
    for (const tail of ["guard", "roundUp"] as const) {
      const { s, P, R, O } = attention(n, d);
      S.storePredicate(s, R, lower);
      S.storePredicate(s, P, lower);
      S.split(s, O, "i", { factor: 4 });
      S.computeAt(s, R, O, "i.outer");
      const [, lanes] = S.split(s, P, "j", { factor: 4, tail });
      S.split(s, P, "i", { factor: 2, tail });
      S.reorder(s, P, ["c", lanes]);
      S.vectorize(s, P, lanes);
      S.unroll(s, R, S.axesOf(s, R).at(-1) as never);
      S.setScope(s, R, "local");
      S.transformLayout(s, P, [{ dimension: 1, divisor: 4 }, { dimension: 0 }, { dimension: 1, modulus: 4 }], {
        padValue: 0,
      });
      expectSame(s);
      expectSame(S.replay(attention(n + 2, d + 1).O, S.traceOf(s)));
    }
  });

  it("is legal only where every read is known to be inside", () => {
    const A = placeholder([6, 6], { name: "A" });
    const B = compute([6, 6], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const k = reduceAxis(6, "k");
    const zero = 0;
    type Body = (i: Parameters<typeof le>[0], j: Parameters<typeof le>[0]) => ReturnType<typeof read>;
    const outcome = (body: Body, condition: S.StorePredicate): string => {
      const s = S.createSchedule(compute([6, 6], body as never, { name: "C" }));
      try {
        S.storePredicate(s, B, condition);
      } catch (error) {
        if (isCompileError(error)) return error.code;
        throw error;
      }
      expectSame(s);
      return "legal";
    };
    const cases: readonly (readonly [string, Body, S.StorePredicate])[] = [
      ["SCH148", (i, j) => read(B, i, j), lower],
      ["legal", (i, j) => ifThenElse(le(j, i), read(B, i, j), zero) as never, lower],
      ["legal", (i, j) => ifThenElse(lt(i, j), zero, read(B, i, j)) as never, lower],
      ["legal", (i, j) => ifThenElse(lt(j, i), read(B, i, j), zero) as never, lower],
      ["SCH148", (i, j) => ifThenElse(le(j, add(i, 1)), read(B, i, j), zero) as never, lower],
      ["SCH148", (i, j) => ifThenElse(le(j, i), read(B, j, i), zero) as never, lower],
      ["SCH148", (i, j) => ifThenElse(le(j, i), zero, read(B, i, j)) as never, lower],
      ["SCH148", (i, j) => select(le(j, i), read(B, i, j), zero) as never, lower],
      ["SCH148", (i, j) => ifThenElse(le(read(A, i, j), 2), read(B, i, j), zero) as never, lower],
      ["SCH148", (i, j) => ifThenElse(le(read(B, i, j), 2), read(A, i, j), zero) as never, lower],
      ["legal", (i, j) => read(B, i, floordiv(j, 2)), (_, j) => lt(j, 3)],
      ["SCH148", (i, j) => read(B, i, floordiv(j, 2)), (_, j) => lt(j, 2)],
      ["legal", (i, j) => read(B, i, mul(floordiv(j, 2), 2)), (_, j) => lt(floormod(j, 2), 1)],
      [
        "legal",
        (i, j) => ifThenElse(and(ge(i, 1), lt(i, 5)), read(B, i, j), zero) as never,
        (i) => and(ge(i, 1), lt(i, 5)),
      ],
      ["SCH148", (i, j) => ifThenElse(or(ge(i, 1), lt(j, 5)), read(B, i, j), zero) as never, (i) => ge(i, 1)],
      ["legal", (i, j) => ifThenElse(not(lt(i, 1)), read(B, i, j), zero) as never, (i) => ge(i, 1)],
      ["SCH148", (i, j) => read(B, i, cast(read(A, i, j), "int32")), lower],
      ["SCH148", (i) => sum(read(B, i, k), k) as never, lower],
      ["legal", (i) => sum(read(B, i, k), k, { where: lt(k, i) }) as never, lower],
      ["SCH148", (i) => sum(read(A, i, k), k, { where: lt(k, i), initial: read(B, 0, i) }) as never, lower],
      ["legal", (i) => sum(read(A, i, k), k, { where: lt(k, i), initial: read(B, i, 0) }) as never, lower],
      ["legal", (i, j) => ifThenElse(le(sub(5, j), i), read(B, i, sub(5, j)), zero) as never, lower],
      [
        "legal",
        (i, j) => ifThenElse(le(j, i), ifThenElse(ge(j, 1), read(B, i, sub(j, 1)), zero), zero) as never,
        lower,
      ],
      ["legal", (i, j) => read(B, i, j), (i) => ge(i, 0)],
    ];
    for (const [position, [expected, body, condition]] of cases.entries())
      expect([position, outcome(body, condition)]).toEqual([position, expected]);
  });

  it("refuses later readers that need more, and takes itself back", () => {
    const { s, P, R, O, V } = attention(5, 3);
    expect(refusal(s, () => S.storePredicate(s, P, lower))).toBe("SCH148");
    S.storePredicate(s, R, lower);
    S.storePredicate(s, P, lower);
    expect(refusal(s, () => S.cacheRead(s, R, "local"))).toBe("SCH148");
    expect(refusal(s, () => S.storePredicate(s, R, true))).toBe("SCH148");
    S.cacheRead(s, V, "local");
    S.computeInline(s, R);
    expectSame(s);
    expect(refusal(s, () => S.cacheRead(s, P, "local"))).toBe("SCH148");
    const inner = S.cacheWrite(s, O, "local");
    expectSame(s);
    S.computeAt(s, P, inner, "i");
    S.storePredicate(s, P, true);
    S.cacheRead(s, P, "local");
    expectSame(s);
  });

  it("counts the reader's own predicate, and that of a copy", () => {
    const { s, R } = attention(6, 2);
    S.storePredicate(s, R, lower);
    const copy = S.cacheWrite(s, R, "local");
    S.storePredicate(s, copy, lower);
    S.computeAt(s, copy, R, "i");
    expectSame(s);
  });

  it("goes with rfactor, rolled and pipelined stages, and several outputs", () => {
    const { s, P, R, O } = attention(6, 4);
    S.storePredicate(s, R, lower);
    S.storePredicate(s, P, lower);
    const [outer] = S.split(s, P, "c", { factor: 2 });
    S.rfactor(s, P, outer);
    S.computeAt(s, R, O, "i");
    S.doubleBuffer(s, R);
    expectSame(s);
    const A = placeholder([8, 3], { name: "A" });
    const [X, Y] = compute([8, 3], (i, j) => [mul(read(A, i, j), 2), add(read(A, i, j), 1)], { name: "XY" }) as [
      Tensor,
      Tensor,
    ];
    const Z = compute([6, 3], (i, j) => ifThenElse(ge(j, 1), add(read(X, i, j), read(Y, add(i, 2), j)), 0), {
      name: "Z",
    });
    const t = S.createSchedule(Z);
    S.computeAt(t, X, Z, "i");
    S.storePredicate(t, X, (_, j) => ge(j, 1));
    S.rollingBuffer(t, X);
    expectSame(t);
  });

  it("refuses what is no condition on the indices", () => {
    const { s, Q, P, R, O } = attention(4, 3);
    const bad: readonly unknown[] = [
      null, undefined, "i", {}, 3, [], { axis: 7 }, { axis: "0" }, { op: "le" }, { op: "toString", left: 1, right: 2 },
      { op: "le", left: { axis: 0 }, right: 0.5 }, { op: "le", left: true, right: 1 }, { op: "and", left: 1, right: 2 }, { op: "not", operand: 1 },
      { op: "add", left: 1, right: 2 }, { op: "eq", left: { op: "floordiv", left: { axis: 0 }, right: 0 }, right: 1 },
      () => 3, () => undefined, () => read(Q, 0, 0), () => lt(read(Q, 0, 0), 1), () => lt(reduceAxis(4) as never, 1),
    ]; // biome-ignore format: a list
    for (const condition of bad) expect(refusal(s, () => S.storePredicate(s, R, condition as never))).toBe("SCH149");
    let deep: unknown = true;
    for (let depth = 0; depth < 100; depth++) deep = { op: "not", operand: deep };
    expect(refusal(s, () => S.storePredicate(s, R, deep as never))).toBe("SCH149");
    for (const tensor of [Q, O]) expect(refusal(s, () => S.storePredicate(s, tensor, true))).toBe("SCH110");
    expect(refusal(s, () => S.storePredicate(s, placeholder([1], { name: "other" }), true))).toBe("SCH103");
    const E = extern({
      name: "E",
      inputs: [P],
      outputs: [{ shape: [4, 4], dtype: "float32" }],
      body: () => ({ kind: "Block", span: P.span, body: [] }) as never,
    })[0] as Tensor;
    const t = S.createSchedule(E);
    expect(() => S.storePredicate(t, P, lower)).toThrow(expect.objectContaining({ code: "SCH110" }));
  });
});
