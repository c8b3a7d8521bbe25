import type { Expr, Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, and, cast, commReducer, compute, eq, floordiv, floormod, gt, lt, max, mul, or, placeholder, read, reduceAxis, select, sum,
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

/** Sums of 3 × 3 windows over channels, and one more for each element. */
function convolution(filters: number, channels: number, size: number) {
  const X = input([channels, size + 2, size + 2], "X");
  const W = input([filters, channels, 3, 3], "W");
  const [c, dy, dx] = [reduceAxis(channels, "c"), reduceAxis(3, "dy"), reduceAxis(3, "dx")];
  const conv = compute(
    [filters, size, size],
    (f, y, x) => sum(mul(read(X, c, add(y, dy), add(x, dx)), read(W, f, c, dy, dx)), [c, dy, dx]),
    { name: "conv", axes: ["f", "y", "x"] },
  );
  const out = compute([filters, size, size], (f, y, x) => add(read(conv, f, y, x), 1), {
    name: "out",
    axes: ["f", "y", "x"],
  });
  return { X, W, conv, out, s: S.createSchedule(out) };
}

describe("cacheWrite with flatten", () => {
  it("makes one axis of several, and of a convolution a matrix product", () => {
    const { X, conv, s } = convolution(2, 2, 4);
    const sums = S.cacheWrite(s, conv, "local", { flatten: ["y", "x"] });
    expect(S.axesOf(s, sums).map(({ name }) => name)).toEqual(["f", "y.x", "c", "dy", "dx"]);
    S.computeInline(s, conv);
    const windows = S.reindex(s, X, sums);
    expect(windows.shape.map((extent) => (extent as { value?: unknown }).value)).toEqual([16, 2, 3, 3]);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @out(X: float32[2, 6, 6] @global align 64, W: float32[2, 2, 3, 3] @global align 64, out: float32[2, 4, 4] @global align 64) {
        allocate X.conv.local: float32[16, 2, 3, 3] @global align 64
        allocate conv.local: float32[2, 16] @local align 64
        for y.x in 0..16 {
          for c in 0..2 {
            for dy in 0..3 {
              for dx in 0..3 {
                X.conv.local[y.x, c, dy, dx] = X[c, y.x / 4 + dy, y.x % 4 + dx]
              }
            }
          }
        }
        for f in 0..2 {
          for y.x_1 in 0..16 {
            conv.local[f, y.x_1] = 0.0
            for c_1 in 0..2 {
              for dy_1 in 0..3 {
                for dx_1 in 0..3 {
                  conv.local[f, y.x_1] = conv.local[f, y.x_1] +[cr] X.conv.local[y.x_1, c_1, dy_1, dx_1] *[c] W[f, c_1, dy_1, dx_1]
                }
              }
            }
          }
        }
        for f_1 in 0..2 {
          for y in 0..4 {
            for x in 0..4 {
              out[f_1, y, x] = conv.local[f_1, y * 4 + x] + 1.0
            }
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it.each([
    [4, 3, 8],
    [5, 2, 7],
  ])("keeps %i filters of %i channels on %i pixels square through tiles of pixels", (filters, channels, size) => {
    const { X, conv, out, s } = convolution(filters, channels, size);
    const sums = S.cacheWrite(s, conv, "local", { flatten: ["y", "x"] });
    S.computeInline(s, conv);
    const windows = S.reindex(s, X, sums);
    const [blocks, pixels] = S.split(s, out, S.fuse(s, out, "y", "x"), { factor: 8 });
    S.reorder(s, out, [blocks, "f"]);
    S.computeAt(s, sums, out, "f");
    S.computeAt(s, windows, out, blocks);
    S.vectorize(s, out, S.split(s, out, pixels, { factor: 4 })[1]);
    S.transformLayout(s, windows, [
      { dimension: 0, divisor: 4 },
      { dimension: 1 },
      { dimension: 2 },
      { dimension: 3 },
      { dimension: 0, modulus: 4 },
    ]);
    expectSame(s);
  });

  it("is refused for axes that are not neighbours in order, are folds, or hold other stages", () => {
    const { conv, s } = convolution(2, 2, 4);
    const flatten = (...axes: string[]) => refusal(s, () => S.cacheWrite(s, conv, "local", { flatten: axes }));
    expect(flatten("f", "x")).toBe("SCH105");
    expect(flatten("y", "f")).toBe("SCH105");
    expect(flatten("y", "y")).toBe("SCH105");
    expect(flatten("y")).toBe("SCH105");
    expect(flatten("x", "c")).toBe("SCH106");
    expect(flatten("y", "z")).toBe("SCH104");
    const [A, C] = [input([4, 4], "A"), "C"];
    const B = compute([4, 4], (i, j) => add(read(A, i, j), 1), { name: "B" });
    const t = S.createSchedule(compute([4, 4], (i, j) => mul(read(B, i, j), 2), { name: C }));
    S.computeAt(t, B, C, "i");
    expect(refusal(t, () => S.cacheWrite(t, C, "global", { flatten: ["i", "j"] }))).toBe("SCH131");
  });
});

describe("cacheWrite with a layout", () => {
  /** A sum in which the filters of a group share the channels that they read. */
  function grouped(filters: number, groups: number) {
    const per = filters / groups;
    const [X, W] = [input([groups * 3, 5], "X"), input([filters, 3], "W")];
    const c = reduceAxis(3, "c");
    const sums = compute(
      [filters, 5],
      (f, x) => sum(mul(read(X, add(mul(floordiv(f, per), 3), c), x), read(W, f, c)), c),
      { name: "sums", axes: ["f", "x"] },
    );
    return { X, W, sums, s: S.createSchedule(sums) };
  }

  it("makes an axis of what is read in the same way by several", () => {
    const { X, sums, s } = grouped(6, 2);
    const layout = [{ dimension: 0, divisor: 3 }, { dimension: 0, modulus: 3 }, { dimension: 1 }];
    const cache = S.cacheWrite(s, sums, "global", { layout });
    expect(S.axesOf(s, cache).map(({ name }) => name)).toEqual(["f.outer", "f.inner", "x", "c"]);
    const shared = S.reindex(s, X, cache);
    expect(shared.shape.map((extent) => (extent as { value?: unknown }).value)).toEqual([2, 5, 3]);
    expect(S.print(s)).toContain("sums[f, x_2] = sums.global[f / 3, f % 3, x_2]");
    expectSame(s);
  });

  it("takes digits in any order, and as expressions", () => {
    for (const layout of [
      [{ dimension: 1 }, { dimension: 0, modulus: 2 }, { dimension: 0, divisor: 2 }],
      [{ digits: [{ dimension: 0, modulus: 2 }, { dimension: 1 }, { dimension: 0, divisor: 2 }] }],
      (f: Expr, x: Expr) => [add(mul(floormod(f, 2), 5), x), floordiv(f, 2)],
    ]) {
      const { sums, s } = grouped(8, 2);
      S.cacheWrite(s, sums, "global", { layout });
      expectSame(s);
      expectSame(S.replay([sums], S.traceOf(s)));
    }
  });

  it("is refused where elements would be missing or too many, and beside flatten", () => {
    const { sums, s } = grouped(6, 2);
    const refused = (layout: S.LayoutLike, flatten: string[] = []) =>
      refusal(s, () => S.cacheWrite(s, sums, "global", { layout, flatten }));
    expect(refused([{ dimension: 0, divisor: 4 }, { dimension: 0, modulus: 4 }, { dimension: 1 }])).toBe("SCH115");
    expect(refused([{ dimension: 0 }])).toBe("SCH115");
    expect(refused([{ dimension: 0 }, { dimension: 1 }], ["f", "x"])).toBe("SCH132");
  });
});

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
