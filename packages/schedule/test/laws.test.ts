import { isCompileError } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { Expr, Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, lt, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";
import { elements, inputFor } from "./programs.js";

const input = (shape: readonly number[], name: string): Tensor => placeholder(shape, { name });

/** The code of a refusal, or "accepted". */
function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "accepted";
}

const refused = (schedule: S.Schedule, options: S.PrimFuncOptions): string =>
  codeOf(() => S.toPrimFunc(schedule, options));

describe("an output that takes an input's memory", () => {
  const A = input([11], "A");
  const C = compute([11], (i) => mul(read(A, i), 2), { name: "C" });

  it("is not written before another output reads that input", () => {
    const D = compute([11], (i) => add(read(A, i), 1), { name: "D" });
    expect(refused(S.createSchedule([C, D]), { mayAlias: [[C, A]] })).toBe("SCH123");
    expect(refused(S.createSchedule([D, C]), { mayAlias: [[C, A]] })).toBe("accepted");
  });

  const B = compute([11], (i) => mul(read(A, i), 2), { name: "B" });
  const E = compute([11], (i) => add(read(B, i), 1), { name: "E" });
  const computedIn = (tail: S.TailStrategy, more: (s: S.Schedule, outer: S.AxisLike) => void): S.Schedule => {
    const s = S.createSchedule(E);
    const [outer] = S.split(s, E, "i", { factor: 4, tail });
    S.computeAt(s, B, E, outer);
    more(s, outer);
    return s;
  };

  it("is not read again by a shifted tile", () => {
    expect(
      refused(
        computedIn("shift", () => undefined),
        { mayAlias: [[E, A]] },
      ),
    ).toBe("SCH123");
  });

  it("is not read beyond a tile while other tiles are written", () => {
    const padded = computedIn("guard", (s, outer) => {
      S.parallel(s, E, outer);
      S.split(s, B, "i", { factor: 3, tail: "roundUp" });
    });
    expect(refused(padded, { mayAlias: [[E, A]] })).toBe("SCH123");
  });

  it("is right in tiles at once", () => {
    const s = computedIn("guard", (made, outer) => S.parallel(made, E, outer));
    const memory = inputFor(A, 3);
    const [expected] = evaluateTensors([E], new Map([["A", memory.slice()]]));
    interpret(S.toPrimFunc(s, { mayAlias: [[E, A]] }), new Map<string, TypedArray>([["A", memory], ["E", memory]]) as never); // biome-ignore format: one call
    expect(memory).toHaveLength(elements(E.shape));
    expect(memory).toEqual(expected);
  });
});

describe("options that are none are refused by their code", () => {
  const A = input([5], "A");
  const C = compute([5], (i) => add(read(A, i), 1), { name: "C" });
  it.each<[string, unknown]>([
    ["pairs", { mayAlias: 5 }],
    ["a pair", { mayAlias: [null] }],
    ["half a pair", { mayAlias: [[C]] }],
    ["parameters", { parameters: 5 }],
    ["a name", { name: 5 }],
  ])("%s", (_, options) => {
    expect(refused(S.createSchedule(C), options as never)).toBe("SCH121");
  });
});

describe("what an intrinsic is promised", () => {
  it("versions of a memory are aligned as the memory is", () => {
    const [a, w, q] = [input([3], "a"), input([3], "w"), reduceAxis(3, "q")];
    const product = compute([], () => sum(mul(read(a, q), read(w, q)), q), { name: "c" });
    const dot = S.tensorIntrinsic("dot", product, { accumulate: true, alignment: 16 });
    const [A, W, k] = [input([6, 3], "A"), input([3], "W"), reduceAxis(3, "k")];
    const C = compute([6], (i) => sum(mul(read(A, i, k), read(W, k)), k), { name: "C" });
    const s = S.createSchedule(C);
    const rows = S.cacheRead(s, A, "local");
    const sums = S.cacheWrite(s, C, "local");
    S.computeAt(s, sums, C, "i");
    S.computeAt(s, rows, C, "i");
    S.decomposeReduction(s, sums, "i");
    S.tensorize(s, sums, "k", dot);
    S.doubleBuffer(s, rows);
    expect(S.print(s)).toContain("allocate A.local: float32[2, 1, 3] strides [16, 3, 1] @local align 64");
    expectSame(s);
  });
});

describe("arguments that are none are refused by their code", () => {
  const A = input([4], "A");
  const B = compute([4], (i) => add(read(A, i), 1), { name: "B" });
  const C = compute([4], (i) => add(read(B, i), 1), { name: "C" });

  it("SCH116 for room that no index reaches", () => {
    const s = S.createSchedule(C);
    S.split(s, B, "i", { factor: 2 ** 40, tail: "roundUp" });
    expect(refusal(s, () => S.split(s, B, "i.outer", { factor: 2 ** 40, tail: "roundUp" }))).toBe("SCH116");
  });

  it.each<[string, string, (s: S.Schedule) => unknown]>([
    ["SCH132", "names of loops", (s) => S.split(s, C, "i", { factor: 2, names: [5, 6] as never })],
    ["SCH132", "a number of names", (s) => S.split(s, C, "i", { factor: 2, names: 5 as never })],
    ["SCH145", "candidates", (s) => S.sampleCategorical(s, C, 5n as never, {}, 0)],
    ["SCH145", "a place", (s) => S.sampleComputeLocation(s, B, 5n as never)],
    ["SCH149", "a condition of a million operations", (s) => S.storePredicate(s, B, (i) => lt(doubled(i, 20), 8))],
  ])("%s for %s", (code, _, change) => {
    const s = S.createSchedule(C);
    expect(refusal(s, () => change(s))).toBe(code);
  });
});

it("what is no trace, and no list of intrinsics, is refused by its code", () => {
  const C = compute([4], (i) => add(read(input([4], "A"), i), 1), { name: "C" });
  for (const trace of [null, 5, { version: 1 }, { version: 1, records: [null] }, { version: 1, records: [{}] }]) {
    expect(codeOf(() => S.decisionsOf(trace as never))).toBe("SCH120");
    expect(codeOf(() => S.withDecision(trace as never, 0, 1))).toBe("SCH120");
  }
  expect(codeOf(() => S.replay(C, { version: 1, records: [] }, { intrinsics: 5 as never }))).toBe("SCH153");
});

it("one reader without a list is that reader alone", () => {
  const A = input([4], "A");
  const B = compute([4], (i) => add(read(A, i), 1), { name: "B" });
  const C = compute([4], (i) => add(read(B, i), read(A, i)), { name: "C" });
  const s = S.createSchedule(C);
  S.cacheRead(s, A, "local", C as never);
  expect(s.records[0]?.arguments.readers).toEqual(["C"]);
  expect(codeOf(() => S.cacheRead(s, A, "local", 5 as never))).toBe("SCH103");
});

/** `expr · 2ⁿ` as sums that share their operands. */
function doubled(expr: Expr, n: number): Expr {
  return n === 0 ? expr : doubled(add(expr, expr), n - 1);
}

describe("expressions stay of a size that can be compiled", () => {
  it("SCH110 for a chain that doubles at every link", () => {
    const A = input([64], "A");
    const chain = [compute([64], (i) => add(read(A, i), 1), { name: "T0" })];
    for (let n = 1; n < 40; n++) {
      const from = chain.at(-1) as Tensor;
      chain.push(compute([64 - n], (i) => add(read(from, i), read(from, add(i, 1))), { name: `T${n}` }));
    }
    const s = S.createSchedule(chain.at(-1) as Tensor);
    const outcomes = chain.slice(0, -1).map((stage) => codeOf(() => S.computeInline(s, stage)));
    expect(outcomes).toContain("accepted");
    expect(outcomes).toContain("SCH110");
    expect(s.records).toHaveLength(outcomes.filter((code) => code === "accepted").length);
  });
});
