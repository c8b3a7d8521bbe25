import { createSchedule, parallel, reorder, split, unroll, vectorize } from "@tilewright/schedule";
import { add, compute, div, exp, lt, mul, placeholder, read, select, sub } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { type Explanation, explain, type Machine, type StageExplanation, ZEN3_NATIVE } from "../src/index.js";
import { blurs, packed, padded, product, softmax, tiled } from "./kernels.js";

/** Its caches hold any lines, whatever their addresses. */
const ONE_CORE: Machine = {
  ...ZEN3_NATIVE,
  cores: 1,
  caches: ZEN3_NATIVE.caches.map(({ ways: _, ...cache }) => cache),
};

const stageOf = ({ stages }: Explanation, name: string): StageExplanation => {
  const found = stages.find((stage) => stage.name === name);
  if (found === undefined) throw new Error(`no stage ${name} among ${stages.map((stage) => stage.name).join(", ")}`);
  return found;
};

/** Bytes read and written at a level, by buffer. */
const bytesAt = ({ traffic }: Pick<StageExplanation, "traffic">, level: string) =>
  Object.fromEntries(
    traffic
      .find((each) => each.level === level)
      ?.buffers.map(({ buffer, read: r, written }) => [buffer, [r, written]]) ?? [],
  );

describe("a matrix product, by hand", () => {
  const n = 256;

  it("naive: registers keep a sum for the inner loop and nothing else", () => {
    const stage = stageOf(explain(createSchedule(product(n).C), ONE_CORE), "C");
    expect(stage.work).toMatchObject({ flops: 2 * n ** 3, multiplyAdds: n ** 3, divisions: 0 });
    expect(bytesAt(stage, "L1")).toEqual({ A: [4 * n ** 3, 0], B: [4 * n ** 3, 0], C: [4 * n ** 2, 8 * n ** 2] });
  });

  it("naive: a column of B is a line for each element, and fits in L1; the rest of the matrices does not", () => {
    const stage = stageOf(explain(createSchedule(product(n).C), ONE_CORE), "C");
    // One k touches 3 lines; one j a row of A (16 lines), a column of B (n lines) and a line of C; one i all of B and a row of each other.
    expect(stage.nest.filter(({ loop }) => loop).map(({ workingSet }) => workingSet)).toEqual([
      { bytes: 4 * (n * n + 2 * n), cache: "L2" },
      { bytes: 64 * (n / 16 + n + 1), cache: "L1" },
      { bytes: 3 * 64, cache: "L1" },
    ]);
    // The columns of one line of B are read one after the other while they stay in L1: B comes in once for each row of C.
    expect(bytesAt(stage, "L2")).toEqual({ A: [4 * n * n, 0], B: [4 * n ** 3, 0], C: [0, 4 * n * n] });
    for (const level of ["L3", "memory"])
      expect(bytesAt(stage, level)).toEqual({ A: [4 * n * n, 0], B: [4 * n * n, 0], C: [0, 4 * n * n] });
  });

  it("the intensity of a level is operations over its bytes", () => {
    const stage = stageOf(explain(createSchedule(product(n).C), ONE_CORE), "C");
    expect(stage.traffic.at(-1)?.intensity).toBeCloseTo((2 * n ** 3) / (3 * 4 * n * n), 10);
  });

  it("in tiles of side t: L2 serves a tile of B and of A for each pair, a tile of C once", () => {
    const side = 32;
    const stage = stageOf(explain(tiled(n, side), { ...ONE_CORE, caches: ONE_CORE.caches.slice(0, 1) }), "C");
    const tiles = n / side;
    const tile = 4 * side * side;
    const { A, B, C } = bytesAt(stage, "memory");
    // Three tiles are 12 KiB and stay in L1 while one k.outer runs, and so does the tile of C between them; B and A change.
    expect(B).toEqual([tiles ** 3 * tile, 0]);
    expect(A).toEqual([tiles ** 3 * tile, 0]);
    // C stays as well: it is initialised where it is first updated, and leaves when it is done.
    expect(C).toEqual([0, 4 * n * n]);
  });

  it("packed, in a tile of registers: sums cause no traffic, panels are read in order", () => {
    const explanation = explain(packed(64), ONE_CORE);
    const sums = stageOf(explanation, "C.local");
    expect(sums.traffic.flatMap(({ buffers }) => buffers.map(({ buffer }) => buffer))).not.toContain("C.local");
    // For every tile of 4 × 8 and every k: four elements of A and eight of B.
    expect(bytesAt(sums, "L1")).toEqual({ A: [4 * 4 * 64 * 128, 0], "B.global": [4 * 8 * 64 * 128, 0] });
    expect(sums.vectorization).toMatchObject({ isVectorized: true, loop: "j", lanes: 8, elementsPerInstruction: 8 });
    expect(sums.executions).toBe(128);
    expect(sums.place).toBe("in `j.outer` of C");
  });
});

describe("other nests, by hand", () => {
  it("softmax: functions and divisions are listed apart, and each stage has its own bytes", () => {
    const explanation = explain(createSchedule(softmax(100, 1000)), ONE_CORE);
    expect(explanation.stages.map(({ name }) => name)).toEqual(["M", "E", "S", "Y"]);
    expect(explanation.total.work).toEqual({
      flops: 300_000, multiplyAdds: 0, integerOperations: 0, divisions: 100_000, functions: { exp: 100_000 },
    }); // biome-ignore format: one glance
    expect(explanation.total.operations).toBe(500_000);
    expect(bytesAt(stageOf(explanation, "M"), "memory")).toEqual({ X: [400_000, 0], M: [0, 448] });
    // E reads X again, but out of L2, which still has it.
    expect(bytesAt(stageOf(explanation, "E"), "memory")).toMatchObject({ X: [0, 0], E: [0, 400_000] });
  });

  it("blurs: a stage computed for each point is computed three times, but never leaves L1", () => {
    const [root, fused] = [explain(blurs(200, null), ONE_CORE), explain(blurs(200, "j"), ONE_CORE)];
    expect(stageOf(root, "H").computed).toEqual({ points: 202 * 198, needed: 202 * 198, factor: 1 });
    const again = stageOf(fused, "H");
    expect(again.computed.points).toBe(3 * 200 * 198);
    expect(again.computed.factor).toBeCloseTo((3 * 200) / 202, 10);
    expect(again.executions).toBe(200 * 198);
    expect(bytesAt(again, "L2").H?.[1] ?? 0).toBeLessThanOrEqual(64);
  });

  it("padding: loads that a condition excludes do not count", () => {
    const stage = stageOf(explain(createSchedule(padded(100)), { ...ONE_CORE, registers: 1, vectorBytes: 8 }), "P");
    // Each of the three reads happens where it is inside: 99, 100 and 99 times; 2 additions for each element.
    expect(stage.work.flops).toBe(200);
    const { A, P } = bytesAt(stage, "L1");
    expect(A?.[0]).toBeCloseTo(4 * (99 + 100 + 99), 8);
    expect(P).toEqual([0, 400]);
    expect(bytesAt(stage, "memory")).toEqual({ A: [448, 0], P: [0, 448] });
  });

  it("guards: the edge of a split counts as many operations as elements", () => {
    const A = placeholder([10], { name: "A" });
    const B = compute([10], (i) => add(read(A, i), 1), { name: "B" });
    const s = createSchedule(B);
    split(s, B, "i", { factor: 4 });
    const stage = stageOf(explain(s, ONE_CORE), "B");
    expect(stage.work.flops).toBe(10);
    expect(bytesAt(stage, "L1")).toEqual({ A: [40, 0], B: [0, 40] });
    expect(stage.computed).toEqual({ points: 10, needed: 10, factor: 1 });
    expect(stage.nest.map(({ text }) => text)).toEqual([
      "i.outer in 0..3",
      "i.inner in 0..4",
      "guard i.outer * 4 + i.inner < 10",
      "compute B",
    ]);
  });

  it("integers are no flops, comparisons and choices nothing", () => {
    const A = placeholder([8], { name: "A", dtype: "int32" });
    const B = compute([8], (i) => select(lt(read(A, i), 0), 0, mul(sub(read(A, i), 1), 2)), { name: "B" });
    expect(stageOf(explain(createSchedule(B), ONE_CORE), "B").work).toMatchObject({ flops: 0, integerOperations: 16 });
  });
});

describe("names", () => {
  it("of tensors may be equal: the stages stay apart", () => {
    const A = placeholder([64], { name: "T" });
    const B = compute([64], (i) => add(read(A, i), 1), { name: "T" });
    const C = compute([64], (i) => mul(mul(read(B, i), 2), 3), { name: "T" });
    const { stages } = explain(createSchedule(C), ONE_CORE);
    expect(stages.map(({ work }) => work.flops)).toEqual([64, 128]);
    expect(new Set(stages.map(({ name }) => name)).size).toBe(2);
    expect(stages.map(({ computed }) => computed.factor)).toEqual([1, 1]);
  });
});

describe("bounds", () => {
  const big = (): ReturnType<typeof createSchedule> => {
    const A = placeholder([1 << 24], { name: "A" });
    const B = compute([1 << 24], (i) => add(read(A, i), 1), { name: "B" });
    const s = createSchedule(B);
    const [, lanes] = split(s, B, "i", { factor: 8 });
    vectorize(s, B, lanes);
    return s;
  };

  it("an elementwise operation on more than the caches hold takes bytes over the rate of memory", () => {
    const { bound, vectorization } = stageOf(explain(big(), ONE_CORE), "B");
    expect(bound).toMatchObject({ kind: "memory", limit: "memory" });
    expect(bound.seconds).toBeCloseTo((2 * 4 * 2 ** 24) / ONE_CORE.memoryBytesPerSecond, 10);
    expect(vectorization.accesses).toEqual([
      { buffer: "A", isWrite: false, pattern: "contiguous", stride: 1 },
      { buffer: "B", isWrite: true, pattern: "contiguous", stride: 1 },
    ]);
  });

  it("arithmetic takes instructions over their rate: scalar, vectorized, on threads", () => {
    const heavy = (change: (s: ReturnType<typeof createSchedule>) => void): number => {
      const A = placeholder([64, 64], { name: "A" });
      const E = compute([64, 64], (i, j) => div(exp(exp(read(A, i, j))), 3), { name: "E" });
      const s = createSchedule(E);
      change(s);
      const { bound } = stageOf(explain(s, ZEN3_NATIVE), "E");
      expect(bound.limit).toBe("compute");
      return bound.seconds;
    };
    const scalar = heavy(() => {});
    const vectors = heavy((s) => vectorize(s, "E", "j"));
    const threads = heavy((s) => {
      vectorize(s, "E", "j");
      parallel(s, "E", "i");
    });
    expect(scalar / vectors).toBeCloseTo(8, 10);
    expect(vectors / threads).toBeCloseTo(2, 10);
    // exp: 24 instructions, a division 10, at 25 · 10⁹ / 2 · … a core: peak / 2 / 8 lanes.
    expect(scalar).toBeCloseTo((64 * 64 * (24 + 24 + 10)) / (100e9 / 2 / 8), 12);
  });

  it("a product in a register tile reaches the peak, the naive one a part of a hundredth", () => {
    const { C } = product(512);
    const s = createSchedule(C);
    const [io, ii] = split(s, C, "i", { factor: 4 });
    const [jo, ji] = split(s, C, "j", { factor: 16 });
    const [js, jv] = split(s, C, ji, { factor: 8 });
    reorder(s, C, [io, jo, "k", ii, js, jv]);
    unroll(s, C, ii);
    unroll(s, C, js);
    vectorize(s, C, jv);
    const best = stageOf(explain(s, ONE_CORE), "C").bound;
    const worst = stageOf(explain(createSchedule(product(512).C), ONE_CORE), "C").bound;
    expect(best.shareOfPeak).toBeGreaterThan(0.5);
    expect(worst.shareOfPeak).toBeLessThan(0.05);
    expect(worst.kind).toBe("memory");
  });

  it("threads beyond the cores do not help", () => {
    const s = big();
    expect(explain(s, ZEN3_NATIVE, { threads: 64 })).toEqual(explain(s, ZEN3_NATIVE, { threads: 2 }));
  });
});
