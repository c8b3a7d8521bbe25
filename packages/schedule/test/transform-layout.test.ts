import { isCompileError } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import { type Buffer, type Expr, int, rewrite, type Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, compute, floordiv, floormod, max, mul, placeholder, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";
import { inputFor } from "./programs.js";

/** B is 2·A, and C reads B turned around. */
function program(n: number, m: number) {
  const A = placeholder([n, m], { name: "A" });
  const B = compute([n, m], (i, j) => mul(read(A, i, j), 2), { name: "B" });
  const C = compute([m, n], (j, i) => add(read(B, i, j), read(B, sub(n - 1, i), j)), { name: "C" });
  return { A, B, C, s: S.createSchedule(C) };
}

const digitsOf = (s: S.Schedule) => S.traceOf(s).records.at(-1)?.arguments.digits;
const shapeOf = (s: S.Schedule, name = "B"): string | undefined =>
  new RegExp(`allocate ${name}: \\w+\\[([\\d, ]*)\\]`).exec(S.print(s))?.[1];
const whyNot = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return `${error.code}: ${error.diagnostics[0]?.actual}`;
    throw error;
  }
  return "accepted";
};

describe("transformLayout", () => {
  it("packs panels, given as digits or as a function", () => {
    const { s, B } = program(3, 10);
    S.transformLayout(s, B, (i, j) => [floordiv(j, 8), i, floormod(j, 8)]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[3, 10] @global align 64, C: float32[10, 3] @global align 64) {
        allocate B: float32[2, 3, 8] @global align 64
        for i in 0..3 {
          for j in 0..10 {
            B[j / 8, i, j % 8] = A[i, j] * 2.0
          }
        }
        for i_1 in 0..10 {
          for j_1 in 0..3 {
            C[i_1, j_1] = B[i_1 / 8, j_1, i_1 % 8] + B[i_1 / 8, 2 - j_1, i_1 % 8]
          }
        }
      }
      "
    `);
    expectSame(s);
    const other = program(3, 10);
    S.transformLayout(other.s, other.B, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }]);
    expect(S.print(other.s)).toBe(S.print(s));
    expect(S.traceOf(other.s)).toEqual(S.traceOf(s));
  });

  it("reads functions as digits that fit other shapes", () => {
    const layoutOf = (n: number, m: number, map: (i: Expr, j: Expr) => readonly Expr[]) => {
      const { s, B } = program(n, m);
      S.transformLayout(s, B, map as never);
      expectSame(s);
      expectSame(S.replay(program(n + 3, m + 1).C, S.traceOf(s)));
      expectSame(S.replay(program(1, 1).C, S.traceOf(s)));
      return [shapeOf(s), digitsOf(s)];
    };
    const plain = (dimension: number, divisor = 1, modulus: number | null = null) => ({ dimension, divisor, modulus });
    expect(layoutOf(4, 6, (i, j) => [j, i])).toEqual(["6, 4", [plain(1), plain(0)]]);
    expect(layoutOf(4, 6, (i, j) => [add(mul(i, 6), j)])).toEqual([
      "24",
      [{ digits: [plain(0), plain(1)], offset: 0 }],
    ]);
    expect(layoutOf(4, 6, (i, j) => [add(add(mul(i, 8), j), 1)])).toEqual([
      "31",
      [{ digits: [{ ...plain(0), factor: 8 }, plain(1)], offset: 1 }],
    ]);
    expect(layoutOf(4, 6, (i, j) => [floordiv(add(mul(i, 6), j), 4), floormod(add(mul(i, 6), j), 4)])[0]).toBe("6, 4");
    expect(layoutOf(3, 6, (i, j) => [floordiv(add(mul(i, 6), j), 4), floormod(add(mul(i, 6), j), 4)])[0]).toBe("5, 4");
    expect(layoutOf(3, 8, (i, j) => [floormod(j, 2), floordiv(j, 2), i])).toEqual([
      "2, 4, 3",
      [plain(1, 1, 2), plain(1, 2), plain(0)],
    ]);
    expect(layoutOf(3, 8, (i, j) => [i, add(mul(floormod(j, 2), 4), floordiv(j, 2))])[0]).toBe("3, 8");
    expect(layoutOf(1, 6, (_, j) => [j])[0]).toBe("6");
    expect(layoutOf(3, 6, (i, j) => [i, floordiv(j, 8), floormod(j, 8)])[0]).toBe("3, 1, 6");
    expect(layoutOf(3, 5, (i, j) => [i, int(0), j])[0]).toBe("3, 1, 5");
  });

  it("keeps every random one-to-one map one-to-one where the stage stands", () => {
    const sizes = fc.record({ n: fc.integer({ min: 1, max: 7 }), m: fc.integer({ min: 1, max: 9 }) });
    const maps = fc.record({
      c: fc.integer({ min: 1, max: 5 }),
      d: fc.integer({ min: 1, max: 5 }),
      form: fc.nat(6),
      at: fc.nat(2),
      tail: fc.nat(2),
      pad: fc.boolean(),
    });
    let kept = 0;
    fc.assert(
      fc.property(sizes, maps, ({ n, m }, { c, d, form, at, tail, pad }) => {
        const { s, B, C } = program(n, m);
        const forms: readonly ((i: Expr, j: Expr) => readonly Expr[])[] = [
          (i, j) => [floordiv(j, c), floordiv(i, d), floormod(j, c), floormod(i, d)],
          (i, j) => [add(mul(i, m), j)],
          (i, j) => [add(mul(j, n * c), i), floormod(floordiv(i, 1), 1)],
          (i, j) => [floordiv(add(mul(i, m), j), c), floormod(add(mul(i, m), j), c)],
          (i, j) => [floormod(i, c), add(mul(floordiv(i, c), m + d), j)],
          (i, j) => [
            floordiv(floordiv(add(mul(j, n), i), c), d),
            floormod(floordiv(add(mul(j, n), i), c), d),
            floormod(add(mul(j, n), i), c),
          ],
          (i, j) => [add(mul(floormod(j, c), Math.ceil(m / c) * n), add(mul(i, Math.ceil(m / c)), floordiv(j, c)))],
        ];
        if (tail > 0) S.split(s, B, "j", { factor: d + 1, tail: tail === 1 ? "roundUp" : "guard" });
        if (at > 0) S.computeAt(s, B, C, at === 1 ? "j" : "i");
        try {
          S.transformLayout(s, B, forms[form] as never, pad ? { padValue: 7 } : {});
          kept++;
        } catch (error) {
          if (!isCompileError(error) || error.code !== "SCH115") throw error;
        }
        expectSame(s);
        for (const other of [program(n + 1, m), program(n, m + 2)]) {
          try {
            expectSame(S.replay(other.C, S.traceOf(s)));
          } catch (error) {
            // A factor that was chosen for another shape: told, not changed.
            const why = isCompileError(error) ? error.diagnostics[0]?.actual : "";
            if (!/^a factor of \d+, though/.test(why ?? "")) throw error;
          }
        }
      }),
      { numRuns: 120 },
    );
    expect(kept).toBeGreaterThan(100);
  });

  it("refuses maps that are not one-to-one, and says why", () => {
    const { s, A, B, C } = program(4, 6);
    const why = (layout: S.LayoutLike, options?: S.LayoutOptions) =>
      whyNot(() => S.transformLayout(s, B, layout, options));
    expect(why((i) => [i])).toBe("SCH115: `j` (dimension 1) is missing");
    expect(why((i, j) => [add(i as never, j as never)])).toContain("a factor of 1, though the digits after it take");
    expect(why((i, j) => [add(mul(i as never, 5), j as never)])).toBe(
      "SCH115: a factor of 5, though the digits after it take 6 values",
    );
    expect(why((i, j) => [i as never, floormod(j as never, 4)])).toBe("SCH115: `j` (dimension 1) has no leading digit");
    expect(why((i, j) => [i as never, floordiv(j as never, 2)])).toContain("gap at 2");
    expect(why((i, j) => [i as never, sub(5, j as never)])).toContain("memory counts upwards");
    expect(why((i, j) => [i as never, sub(j as never, 1)])).toContain("offset of -1");
    expect(why((i, j) => [mul(i as never, j as never)])).toContain("no sums of digits");
    expect(why((i, j) => [i as never, max(read(A, 0, 0), reduceAxis(2, "k")) as never, j as never])).toContain(
      "no sums of digits",
    );
    for (const bad of [
      null,
      3,
      "x",
      [null],
      [3],
      [{}],
      [{ dimension: 0.5 }],
      [{ digits: 3 }],
      [{ dimension: 0, divisor: 0 }],
      [{ dimension: 0, modulus: 1.5 }],
      [{ dimension: 0, factor: -1 }],
      [{ digits: [{ dimension: 0 }], offset: -1 }],
      () => 3,
      () => [3],
      [],
    ])
      expect(refusal(s, () => S.transformLayout(s, B, bad as never))).toBe("SCH115");
    const deep = JSON.parse(`${'{"digits":[{"dimension":'.repeat(20)}0${"}]}".repeat(20)}`);
    expect(refusal(s, () => S.transformLayout(s, B, [deep, { dimension: 1 }]))).toBe("SCH115");
    expect(refusal(s, () => S.transformLayout(s, C, [{ dimension: 0 }, { dimension: 1 }]))).toBe("SCH110");
    for (const value of ["0", Number.NaN, true]) {
      const ints = compute([3], (i) => mul(read(placeholder([3], { name: "I", dtype: "int8" }), i), 2), { name: "X" });
      const t = S.createSchedule(compute([3], (i) => add(read(ints, i), 1), { name: "Y" }));
      expect(refusal(t, () => S.transformLayout(t, ints, [{ dimension: 0 }], { padValue: value as never }))).toBe(
        "SCH143",
      );
      expect(refusal(t, () => S.transformLayout(t, ints, [{ dimension: 0 }], { padValue: 200 }))).toBe("SCH143");
    }
  });
});

describe("padValue", () => {
  const fills = (text: string): number => [...text.matchAll(/\[m0/g)].length;

  it("fills the memory where the layout pads, and only then", () => {
    const { s, B } = program(3, 10);
    S.transformLayout(s, B, (i, j) => [floordiv(j, 8), i, floormod(j, 8)], { padValue: -1 });
    expect(S.print(s)).toContain("B[m0, m1, m2] = -1.0");
    expectSame(s);
    const whole = program(3, 16);
    S.transformLayout(whole.s, whole.B, (i, j) => [floordiv(j, 8), i, floormod(j, 8)], { padValue: -1 });
    expect(fills(S.print(whole.s))).toBe(0);
    expect(fills(S.print(S.replay(program(3, 10).C, S.traceOf(whole.s))))).toBe(1);
  });

  it("is what every element that no index has holds", () => {
    const { s, B } = program(3, 10);
    S.transformLayout(s, B, (i, j) => [floordiv(j, 8), i, floormod(j, 8)], { padValue: -5 });
    const func = S.toPrimFunc(s);
    const opened: Buffer[] = [];
    const body = rewrite(func.body, {
      Allocate: ({ buffer, body: inner }) => {
        opened.push(buffer);
        return inner;
      },
    });
    const memory = {
      A: inputFor(s.stages[0]?.tensors[0] as Tensor, 1),
      B: new Float32Array(48),
      C: new Float32Array(30),
    };
    interpret({ ...func, parameters: [...func.parameters, ...opened], body }, new Map(Object.entries(memory)) as never);
    const expected = Array.from({ length: 48 }, (_, at) => {
      const [i, j] = [Math.floor(at / 8) % 3, Math.floor(at / 24) * 8 + (at % 8)];
      return j < 10 ? 2 * (memory.A[i * 10 + j] as number) : -5;
    });
    expect([...memory.B]).toEqual(expected);
  });

  it.each([0, 1.5, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, Number.NaN])(
    "%d survives its trace",
    (padValue) => {
      const { s, B, C } = program(3, 10);
      S.computeAt(s, B, C, "j");
      S.transformLayout(s, B, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }], {
        padValue,
      });
      const trace = JSON.parse(JSON.stringify(S.traceOf(s)));
      expect(trace).toEqual(S.traceOf(s));
      expect(S.print(S.replay(C, trace))).toBe(S.print(s));
      expectSame(s);
    },
  );

  it("fills the memory of reductions and of several outputs", () => {
    const A = placeholder([5, 3], { name: "A" });
    const k = reduceAxis(3, "k");
    const [X, Y] = compute([5], (i) => [sum(read(A, i, k), k), max(read(A, i, k), k)], { name: "XY" }) as [
      Tensor,
      Tensor,
    ];
    const Z = compute([5], (i) => add(read(X, i), read(Y, i)), { name: "Z" });
    const s = S.createSchedule(Z);
    S.transformLayout(
      s,
      X,
      [
        { dimension: 0, divisor: 4 },
        { dimension: 0, modulus: 4 },
      ],
      { padValue: 3 },
    );
    expect(fills(S.print(s))).toBe(2);
    expectSame(s);
  });
});
