import { wasm } from "@tilewright/codegen-wasm";
import { NO_SPAN } from "@tilewright/diagnostics";
import type { Expr, Tensor } from "@tilewright/ir";
import { print as printModule } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import * as S from "@tilewright/schedule";
import {
  add,
  and,
  compute,
  ge,
  gt,
  ifThenElse,
  lt,
  mul,
  placeholder,
  read,
  reduceAxis,
  select,
  sub,
  sum,
} from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

const input = (shape: readonly number[], name: string): Tensor => placeholder(shape, { name });

/** Rows and columns of padding around an image, and what sums its windows. */
function padded(h: number, w: number, choose: typeof ifThenElse | typeof select = ifThenElse) {
  const A = input([h, w], "A");
  const inside = (y: Expr, x: Expr): Expr => and(and(ge(y, 1), lt(y, h + 1)), and(ge(x, 1), lt(x, w + 1)));
  const P = compute([h + 2, w + 2], (y, x) => choose(inside(y, x), read(A, sub(y, 1), sub(x, 1)), 0), {
    name: "P",
    axes: ["y", "x"],
  });
  const [dy, dx] = [reduceAxis(3, "dy"), reduceAxis(3, "dx")];
  const C = compute([h, w], (y, x) => sum(read(P, add(y, dy), add(x, dx)), [dy, dx]), { name: "C", axes: ["y", "x"] });
  return { A, P, C, s: S.createSchedule(C) };
}

describe("decomposePadding", () => {
  it("fills, then stores the interior under a guard", () => {
    const A = input([3], "A");
    const P = compute([5], (i) => ifThenElse(and(ge(i, 1), lt(i, 4)), read(A, sub(i, 1)), 0), { name: "P" });
    const s = S.createSchedule(P);
    S.decomposePadding(s, P);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @P(A: float32[3] @global align 64, P: float32[5] @global align 64) {
        for i in 0..5 {
          P[i] = 0.0
        }
        for i_1 in 0..5 {
          guard i_1 >= 1 && i_1 < 4 {
            P[i_1] = A[min(max(i_1 - 1, 0), 2)]
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it("leaves the interior without a condition after lowering", () => {
    const { P, s } = padded(6, 9);
    S.decomposePadding(s, P);
    const module = { kind: "IRModule" as const, span: NO_SPAN, functions: [S.toPrimFunc(s)], attributes: {} };
    const { capabilities, passes = [] } = wasm({ simd: true });
    const text = printModule(lower(module, { capabilities, passes }).module);
    expect(text).not.toMatch(/guard|if |ifThenElse|select/);
  });

  it.each([
    [1, 1],
    [3, 5],
    [7, 8],
  ])("keeps a padded image of %i by %i, wherever it is filled and computed", (h, w) => {
    for (const choose of [ifThenElse, select] as const) {
      for (const at of [0, 1, 2, 3]) {
        for (const tail of ["guard", "shift", "roundUp"] as const) {
          const { P, C, s } = padded(h, w, choose);
          const [outer] = S.split(s, C, "y", { factor: 2 });
          S.tile(s, P, "y", "x", { factors: [2, 4], tail });
          S.decomposePadding(s, P, S.axesOf(s, P)[at] as never);
          if (at > 1) S.computeAt(s, P, C, outer);
          if (tail !== "shift") S.vectorize(s, P, "x.inner");
          expectSame(s, { lowered: tail !== "shift" });
        }
      }
    }
  });

  it("goes along when loops change later", () => {
    const { P, s } = padded(5, 6);
    S.decomposePadding(s, P, "x");
    S.split(s, P, "x", { factor: 4 });
    S.fuse(s, P, "y", "x.outer");
    S.parallel(s, P, "y.x.outer");
    expectSame(s);
    expectSame(S.replay(padded(3, 9).C, S.traceOf(s)));
  });

  it("takes nested choices of one constant, and keeps those of another", () => {
    const A = input([6], "A");
    const nested = (inner: number): Tensor =>
      compute([10], (i) => ifThenElse(lt(i, 8), ifThenElse(ge(i, 2), read(A, sub(i, 2)), inner), 0), { name: "P" });
    for (const inner of [0, 1]) {
      const s = S.createSchedule(nested(inner));
      S.decomposePadding(s, "P");
      expectSame(s);
    }
  });

  it("does not let an output take the memory of what it pads", () => {
    const A = input([5], "A");
    const P = compute([5], (i) => ifThenElse(lt(i, 3), read(A, i), 0), { name: "P" });
    const s = S.createSchedule(P);
    S.toPrimFunc(s, { mayAlias: [[P, A]] });
    S.decomposePadding(s, P);
    expect(refusal(s, () => S.toPrimFunc(s, { mayAlias: [[P, A]] }))).toBe("SCH123");
  });

  it("refuses what is no padding", () => {
    const A = input([5], "A");
    const cases = [
      compute([5], (i) => mul(read(A, i), 2), { name: "P" }),
      compute([5], (i) => ifThenElse(lt(i, 3), read(A, i), read(A, 0)), { name: "P" }),
      compute([5], (i) => select(gt(read(A, i), 0), read(A, i), 0), { name: "P" }),
      compute([5], (i) => [ifThenElse(lt(i, 3), read(A, i), 0), read(A, i)], { name: "P" }),
    ];
    for (const output of cases) {
      const s = S.createSchedule(output);
      expect(refusal(s, () => S.decomposePadding(s, "P"))).toBe("SCH136");
    }
    const { P, s } = padded(3, 3);
    expect(refusal(s, () => S.decomposePadding(s, "A"))).toBe("SCH110");
    expect(refusal(s, () => S.decomposePadding(s, P, "z"))).toBe("SCH104");
    S.computeInline(s, P);
    expect(refusal(s, () => S.decomposePadding(s, P))).toBe("SCH110");
  });
});
