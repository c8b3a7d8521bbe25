import { interpret, type TypedArray } from "@tilewright/interp";
import { type Buffer, buffer, build, int, type PrimFunc, rewrite, type Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add, compute, floordiv, ge, ifThenElse, lt, maximum, minimum, mul, type Operand, placeholder, read, reduceAxis, sub, sum,
} from "@tilewright/te"; // biome-ignore format: a list
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";
import { elements, inputFor, placeholdersOf } from "./programs.js";

/** Sums of three rows and three columns, all inside. */
function blur(from: Tensor, name: string, height: number, width: number): Tensor {
  const [dy, dx] = [reduceAxis(3, "dy"), reduceAxis(3, "dx")];
  return compute([height, width], (y, x) => sum(read(from, add(y, dy), add(x, dx)), [dy, dx]), { name });
}

/** Stencils of 3 x 3 one after another, the last of `h` x `w`. */
function stencils(h: number, w: number, count = 3) {
  let last = placeholder([h + 2 * count, w + 2 * count], { name: "A" });
  const chain: Tensor[] = [];
  for (let k = 1; k <= count; k++) {
    last = blur(last, `B${k}`, h + 2 * (count - k), w + 2 * (count - k));
    chain.push(last);
  }
  return { chain, last, s: S.createSchedule(last) };
}

/** Sums of neighbouring rows of a stage, `reach` rows for each of its own, `stride` rows apart. */
function pairs(n: number, { reach = 3, stride = 1 } = {}) {
  const rows = (n - 1) * stride + reach;
  const A = placeholder([rows, 3], { name: "A" });
  const B = compute([rows, 3], (y, x) => mul(read(A, y, x), 2), { name: "B" });
  const k = reduceAxis(reach, "k");
  const C = compute([n, 3], (y, x) => sum(read(B, add(mul(y, stride), k), x), k), { name: "C" });
  return { A, B, C, s: S.createSchedule(C) };
}

/** How often each intermediate buffer is stored to; `counted` without the initialisation of sums. */
function storesOf(schedule: S.Schedule): Record<string, number> {
  const func = S.toPrimFunc(schedule);
  const counters = new Map<Buffer, Buffer>();
  const body = rewrite(func.body, {
    Store: (store) => {
      if (store.value.kind === "Const") return undefined;
      const counter =
        counters.get(store.buffer) ?? buffer(`count.${store.buffer.name}`, { dtype: "int32", shape: [1] });
      counters.set(store.buffer, counter);
      const more = build.binary("add", build.load(counter, [int(0)]), build.const(1, "int32"));
      return build.seq(store, build.store(counter, [int(0)], more));
    },
  });
  const counting: PrimFunc = { ...func, body, parameters: [...func.parameters, ...counters.values()] };
  const memory = new Map<string, TypedArray>();
  for (const tensor of placeholdersOf(schedule.outputs)) memory.set(tensor.name, inputFor(tensor, 1));
  for (const tensor of schedule.outputs) memory.set(tensor.name, new Float32Array(elements(tensor.shape)));
  for (const counter of counters.values()) memory.set(counter.name, new Int32Array(1));
  interpret(counting, memory as never);
  return Object.fromEntries([...counters].map(([{ name }, counter]) => [name, Number(memory.get(counter.name)?.[0])]));
}

describe("rollingBuffer", () => {
  it("computes the rows that are new, in a ring", () => {
    const { s, B, C } = pairs(6);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B);
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[8, 3] @global align 64, C: float32[6, 3] @global align 64) {
        allocate B: float32[4, 3] @global align 64
        for i in 0..2 {
          for j in 0..3 {
            B[i, j] = A[i, j] * 2.0
          }
        }
        for i_1 in 0..6 {
          for i_2 in 0..1 {
            for j_1 in 0..3 {
              B[(i_1 + 2) % 4, j_1] = A[i_1 + 2, j_1] * 2.0
            }
          }
          for j_2 in 0..3 {
            C[i_1, j_2] = 0.0
            for k in 0..3 {
              C[i_1, j_2] = C[i_1, j_2] +[cr] B[(i_1 + k) % 4, j_2]
            }
          }
        }
      }
      "
    `);
    expectSame(s);
  });

  it("computes no row twice", () => {
    const { s, B, C } = pairs(7);
    S.computeAt(s, B, C, "i");
    expect(storesOf(s).B).toBe(7 * 3 * 3);
    S.rollingBuffer(s, B);
    expect(storesOf(s).B).toBe(9 * 3);
    const three = stencils(5, 4);
    const [B1, B2, B3] = three.chain as [Tensor, Tensor, Tensor];
    for (const stage of [B2, B1]) S.computeAt(three.s, stage, B3, "i");
    for (const stage of [B1, B2]) S.rollingBuffer(three.s, stage);
    expect(storesOf(three.s)).toMatchObject({ B1: 9 * 8 * 9, B2: 7 * 6 * 9 });
  });

  it.each([
    [1, 1],
    [2, 3],
    [7, 5],
    [13, 8],
  ])("of chains of stencils of %i x %i", (h, w) => {
    for (const [tail, factor] of [
      ["guard", 4],
      ["shift", 4],
      ["guard", 1],
    ] as const) {
      // biome-ignore format: a table
      const { chain, s } = stencils(h, w);
      const [B1, B2, B3] = chain as [Tensor, Tensor, Tensor];
      const [outer, rows] = S.split(s, B3, "i", { factor, tail });
      const [, lanes] = S.split(s, B3, "j", { factor: 4 });
      S.reorder(s, B3, ["dy", "dx", lanes]);
      S.vectorize(s, B3, lanes);
      for (const stage of [B2, B1]) S.computeAt(s, stage, B3, factor === 1 ? outer : rows);
      for (const stage of [B1, B2]) S.rollingBuffer(s, stage, 0);
      if (tail === "guard" && factor > 1) S.parallel(s, B3, outer);
      expectSame(s);
    }
  });

  it("rolls tiles of rows, the last one ragged, on tails of every kind", () => {
    for (const n of [1, 3, 8, 11]) {
      for (const own of ["guard", "shift", "roundUp"] as const) {
        for (const tail of ["guard", "shift"] as const) {
          const { s, B, C } = pairs(n, { reach: 4 });
          const [outer] = S.split(s, C, "i", { factor: 3, tail });
          S.computeAt(s, B, C, outer);
          S.rollingBuffer(s, B);
          S.split(s, B, "i", { factor: 2, tail: own });
          expectSame(s);
        }
      }
    }
  });

  it("rolls over strides, divided rows and rows kept inside", () => {
    const strided = pairs(6, { reach: 5, stride: 2 });
    S.computeAt(strided.s, strided.B, strided.C, "i");
    S.rollingBuffer(strided.s, strided.B);
    expectSame(strided.s);
    expect(storesOf(strided.s).B).toBe(15 * 3);

    const n = 9;
    const A = placeholder([n], { name: "A" });
    const B = compute([n], (i) => mul(read(A, i), 3), { name: "B" });
    const clamped = (i: Operand) => minimum(maximum(i, 0), n - 1);
    const C = compute([n], (i) => add(add(read(B, clamped(sub(i, 1))), read(B, i)), read(B, clamped(add(i, 1)))), {
      name: "C",
    });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B);
    expectSame(s);

    const padded = compute(
      [n],
      (i) => add(read(B, i), ifThenElse(ge(i, 2), read(B, sub(i, 2)), ifThenElse(lt(i, 1), read(B, add(i, 1)), 7))),
      { name: "P" },
    );
    const t = S.createSchedule(padded);
    S.computeAt(t, B, padded, "i");
    S.rollingBuffer(t, B);
    expectSame(t);

    const halves = compute([2 * n - 2], (i) => add(read(B, floordiv(i, 2)), read(B, add(floordiv(i, 2), 1))), {
      name: "H",
    });
    const u = S.createSchedule(halves);
    S.computeAt(u, B, halves, "i");
    S.rollingBuffer(u, B);
    expectSame(u);
  });

  it("keeps columns as well as rows, and rows of a tile of columns", () => {
    const columns = stencils(4, 7, 2);
    const [B1, B2] = columns.chain as [Tensor, Tensor];
    S.reorder(columns.s, B2, ["j", "i"]);
    S.computeAt(columns.s, B1, B2, "j");
    S.rollingBuffer(columns.s, B1);
    expect(S.traceOf(columns.s).records.at(-1)?.arguments).toEqual({ dimension: 1 });
    expect(storesOf(columns.s).B1).toBe(6 * 9 * 9);
    expectSame(columns.s);

    const tiles = stencils(6, 7, 2);
    const [T1, T2] = tiles.chain as [Tensor, Tensor];
    const [outer, inner] = S.split(tiles.s, T2, "j", { factor: 4 });
    S.reorder(tiles.s, T2, [outer, "i", inner]);
    S.computeAt(tiles.s, T1, T2, "i");
    S.rollingBuffer(tiles.s, T1);
    S.transformLayout(tiles.s, T1, [{ dimension: 1 }, { dimension: 0 }]);
    expectSame(tiles.s);
    S.parallel(tiles.s, T2, outer);
    S.unroll(tiles.s, T2, "i");
    expectSame(tiles.s);
  });

  it("rolls in a pipelined loop, whose window is then larger", () => {
    const { chain, s } = stencils(9, 5);
    const [B1, B2, B3] = chain as [Tensor, Tensor, Tensor];
    for (const stage of [B2, B1]) S.computeAt(s, stage, B3, "i");
    for (const stage of [B1, B2]) S.rollingBuffer(s, stage);
    for (const order of [
      ["B1", "B2", "B3"],
      ["B3", "B2", "B1"],
    ]) {
      // biome-ignore format: a table
      S.softwarePipeline(s, B3, "i", { stages: { B1: 0, B2: 2, B3: 3 }, order });
      expectSame(s);
      expect(storesOf(s)).toMatchObject({ B1: 13 * 9 * 9, B2: 11 * 7 * 9 });
    }
    S.doubleBuffer(s, B1);
    expectSame(s);
  });

  it("takes what is inlined, at the root, and outside of the loop", () => {
    const { chain, s } = stencils(6, 5);
    const [B1, B2, B3] = chain as [Tensor, Tensor, Tensor];
    const copy = S.cacheRead(s, placeholdersOf([B3])[0] as Tensor, "global");
    S.computeAt(s, B2, B3, "i");
    S.rollingBuffer(s, B2);
    expectSame(s);
    const [outer, inner] = S.split(s, B3, "j", { factor: 3 });
    S.reorder(s, B3, [outer, "i", inner]);
    S.computeAt(s, B1, B3, outer);
    S.computeAt(s, copy, B1, "i");
    S.rollingBuffer(s, copy);
    expectSame(s);
  });

  it("rolls what an instruction computes, row by row", () => {
    const { s, B, C } = pairs(6);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B);
    const X = placeholder([3], { name: "X" });
    S.tensorize(
      s,
      B,
      "j",
      S.tensorIntrinsic(
        "twice",
        compute([3], (x) => mul(read(X, x), 2), { name: "Y" }),
      ),
    );
    expect(S.print(s)).toContain("&B[(i_1 + 2) % 4..+1, 0..3]");
    expectSame(s);
  });

  it("leaves a loop of one iteration, and a stage at the root, as they are", () => {
    const { s, B, C } = pairs(1);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B, 0);
    expect(S.print(s)).not.toContain("%");
    expectSame(s);
    S.computeRoot(s, B);
    expectSame(s);
  });

  it("replays on other shapes", () => {
    const { s, chain } = stencils(6, 5);
    const [B1, B2, B3] = chain as [Tensor, Tensor, Tensor];
    for (const stage of [B2, B1]) S.computeAt(s, stage, B3, "i");
    for (const stage of [B1, B2]) S.rollingBuffer(s, stage);
    for (const [h, w] of [[1, 1], [17, 3]] as const) // biome-ignore format: a table
      expectSame(S.replay(stencils(h, w).last, S.traceOf(s)));
  });
});

describe("rollingBuffer refuses", () => {
  it("what is not computed in a loop, and dimensions that are not there", () => {
    const { s, A, B, C } = pairs(5);
    for (const stage of [A, B, C]) expect(refusal(s, () => S.rollingBuffer(s, stage))).toBe("SCH166");
    S.computeAt(s, B, C, "i");
    for (const dimension of [2, -1, 0.5, "i" as never])
      expect(refusal(s, () => S.rollingBuffer(s, B, dimension))).toBe("SCH167");
  });

  it("windows that share nothing, stand still, go back, jump or move along two dimensions", () => {
    const apart = pairs(5, { reach: 2, stride: 2 });
    S.computeAt(apart.s, apart.B, apart.C, "i");
    expect(refusal(apart.s, () => S.rollingBuffer(apart.s, apart.B))).toBe("SCH168");
    expect(refusal(apart.s, () => S.rollingBuffer(apart.s, apart.B, 1))).toBe("SCH168");
    const n = 7;
    const A = placeholder([n], { name: "A" });
    const B = compute([n], (i) => mul(read(A, i), 3), { name: "B" });
    const F = compute([n, n], (i, j) => mul(read(A, i), read(A, j)), { name: "F" });
    const readers: readonly Tensor[] = [
      compute([n - 1], (i) => add(read(B, sub(n - 1, i)), read(B, sub(n - 2, i))), { name: "C" }),
      compute([n], (i) => add(read(B, i), read(B, 0)), { name: "C" }),
      compute([n], (i) => read(B, mul(i, 0)), { name: "C" }),
      compute([n - 1], (i) => add(read(F, i, i), read(F, add(i, 1), add(i, 1))), { name: "C" }),
      compute([n], (i) => read(B, minimum(mul(i, i), n - 1)), { name: "C" }),
    ];
    for (const reader of readers) {
      const s = S.createSchedule(reader);
      const source = s.stages.at(-2)?.name as string;
      S.computeAt(s, source, reader, "i");
      expect(refusal(s, () => S.rollingBuffer(s, source))).toBe("SCH168");
    }
  });

  it("to read what is computed in the loop, until that is rolled too", () => {
    const { s, chain } = stencils(5, 4);
    const [B1, B2, B3] = chain as [Tensor, Tensor, Tensor];
    for (const stage of [B2, B1]) S.computeAt(s, stage, B3, "i");
    expect(refusal(s, () => S.rollingBuffer(s, B1))).toBe("accepted");
    S.rollingBuffer(s, B2);
    expectSame(s);
    const other = stencils(5, 4);
    const [D1, D2, D3] = other.chain as [Tensor, Tensor, Tensor];
    for (const stage of [D2, D1]) S.computeAt(other.s, stage, D3, "i");
    expect(refusal(other.s, () => S.rollingBuffer(other.s, D2))).toBe("SCH169");
    S.computeAt(other.s, D1, D2, "i");
    expect(refusal(other.s, () => S.rollingBuffer(other.s, D2))).toBe("SCH169");
  });

  it("what later calls would break", () => {
    const { s, B, C } = pairs(8);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B);
    expect(refusal(s, () => S.parallel(s, C, "i"))).toBe("SCH163");
    expect(refusal(s, () => S.vectorize(s, C, "i"))).toBe("SCH118");
    const copy = S.cacheRead(s, placeholdersOf([C])[0] as Tensor, "global");
    expect(refusal(s, () => S.computeAt(s, copy, C, "i"))).toBe("SCH169");
    expect(refusal(s, () => S.computeAt(s, copy, B, "j"))).toBe("SCH169");
    const [outer] = S.split(s, C, "i", { factor: 3 });
    expectSame(s);
    S.parallel(s, C, outer);
    expectSame(s);
    expect(refusal(s, () => S.computeAt(s, B, C, outer))).toBe("SCH163");
  });
});
