import { isCompileError } from "@tilewright/diagnostics";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectSame, refusal } from "./agreement.js";

function product(m: number, n: number, k: number) {
  const [A, B] = [placeholder([m, k], { name: "A" }), placeholder([k, n], { name: "B" })];
  const P = compute([k, n], (x, j) => mul(read(B, x, j), 2), { name: "P" });
  const r = reduceAxis(k, "r");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(P, r, j)), r), { name: "C" });
  const D = compute([m, n], (i, j) => add(read(C, i, j), 1), { name: "D" });
  return { A, B, P, C, D, s: S.createSchedule(D) };
}

/** Takes the possibilities that numbers say, one after the other. */
const chooser = (numbers: readonly number[]): S.Choose => {
  let next = 0;
  return (weights) => (numbers[next++] ?? 0) % weights.length;
};
const first: S.Choose = () => 0;
const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "accepted";
};

/** A schedule that uses all kinds of samples. */
function sampled(g: ReturnType<typeof product>, choose: S.Choose): S.Schedule {
  const { s, C, D, P } = g;
  const tiles = S.samplePerfectTile(s, D, "j", { parts: 3, maxInnermost: 8 }, choose);
  const [, rest] = S.split(s, D, "j", { parts: tiles[0] as S.Sampled });
  S.split(s, D, rest, { factor: tiles[2] as S.Sampled, tail: "exact" });
  S.computeAt(s, C, D, "i");
  const width = S.sampleCategorical(s, C, [1, 2, 4], { probabilities: [0.2, 0.3, 0.5] }, choose);
  S.split(s, C, "j", { factor: width });
  S.tile(
    s,
    P,
    ["x", "j"].map((_, at) => S.axesOf(s, P)[at] as never),
    { factors: [width, 3] },
  );
  S.sampleComputeLocation(s, P, choose);
  return s;
}

describe("samplePerfectTile", () => {
  it("gives factors whose product is the extent, each list as likely as any other", () => {
    const { s, D } = product(2, 12, 3);
    const all: string[] = [];
    const weighed: number[][] = [];
    // Every path through the choices: a path is a list of indices, of which the last is raised.
    for (let path: number[] = []; ; ) {
      const counts: number[] = [];
      const weights: (readonly number[])[] = [];
      const tiles = S.samplePerfectTile(s, D, "j", { parts: 3, maxInnermost: 4 }, (given) => {
        weights.push(given);
        counts.push(given.length);
        return path[counts.length - 1] ?? 0;
      });
      all.push(tiles.map(({ value }) => value).join("·"));
      weighed.push(weights.map((given, at) => (given[path[at] ?? 0] as number) / given.reduce((x, y) => x + y)));
      const full = counts.map((_, at) => path[at] ?? 0);
      const raise = full.findLastIndex((index, at) => index + 1 < (counts[at] as number));
      if (raise < 0) break;
      path = [...full.slice(0, raise), (full[raise] as number) + 1];
    }
    const expected: string[] = [];
    for (let a = 1; a <= 12; a++)
      for (let b = 1; b <= 12; b++) for (let c = 1; c <= 4; c++) if (a * b * c === 12) expected.push(`${a}·${b}·${c}`);
    expect([...all].sort()).toEqual(expected.sort());
    for (const chances of weighed) expect(chances.reduce((x, y) => x * y, 1)).toBeCloseTo(1 / expected.length, 10);
  });

  it("takes factors that are decided, and refuses others", () => {
    const { s, D } = product(2, 12, 3);
    const tile =
      (parts: number, decision: unknown, maxInnermost = 64) =>
      () =>
        S.samplePerfectTile(s, D, "j", { parts, maxInnermost }, decision as never);
    expect(refusal(s, tile(2, [3, 5]))).toBe("SCH145");
    expect(refusal(s, tile(2, [12]))).toBe("SCH145");
    expect(refusal(s, tile(2, [-3, -4]))).toBe("SCH145");
    expect(refusal(s, tile(2, [1.5, 8]))).toBe("SCH145");
    expect(refusal(s, tile(2, [2, 6], 4))).toBe("SCH145");
    expect(refusal(s, tile(2, "12"))).toBe("SCH145");
    expect(refusal(s, tile(2, undefined))).toBe("SCH145");
    expect(refusal(s, tile(1, first, 4))).toBe("SCH145");
    for (const parts of [0, -1, 1.5, 1000, undefined]) expect(refusal(s, tile(parts as number, first))).toBe("SCH145");
    expect(refusal(s, tile(2, first, 0))).toBe("SCH145");
    for (const choice of [-1, 99, 0.5, undefined, "0"])
      expect(
        refusal(
          s,
          tile(2, () => choice),
        ),
      ).toBe("SCH147");
    expect(refusal(s, () => S.samplePerfectTile(s, D, "q", { parts: 2 }, first))).toBe("SCH104");
    expect(S.samplePerfectTile(s, D, "j", { parts: 2 }, [3, 4]).map(({ value }) => value)).toEqual([3, 4]);
  });
});

describe("sampled sizes", () => {
  it("are what the trace refers to", () => {
    const { s, D } = product(2, 12, 3);
    const [, inner] = S.samplePerfectTile(s, D, "j", { parts: 2 }, [3, 4]) as readonly [S.Sampled, S.Sampled];
    S.split(s, D, "j", { factor: inner });
    const trace = S.traceOf(s);
    expect(trace.records).toEqual([
      { primitive: "samplePerfectTile", stage: "D", arguments: { axis: "j", parts: 2, maxInnermost: 64, decision: [3, 4] }, results: ["j.tile"] },
      { primitive: "split", stage: "D", arguments: { axis: "j", factor: { sample: "j.tile", index: 1 }, tail: "guard" }, results: ["j.outer", "j.inner"] },
    ]); // biome-ignore format: a record a line
    const changed = S.replay(product(2, 12, 3).D, S.withDecision(trace, 0, [6, 2]));
    expect(S.print(changed)).toContain("for j.inner in 0..2");
    expect(S.decisionsOf(S.traceOf(changed))).toEqual([
      { step: 0, primitive: "samplePerfectTile", stage: "D", decision: [6, 2] },
    ]);
    expectSame(changed);
  });

  it("of another schedule, or made by hand, are refused", () => {
    const { s, D } = product(2, 12, 3);
    const [, inner] = S.samplePerfectTile(s, D, "j", { parts: 2 }, [3, 4]) as readonly [S.Sampled, S.Sampled];
    const other = product(2, 12, 3);
    expect(refusal(other.s, () => S.split(other.s, other.D, "j", { factor: inner }))).toBe("SCH146");
    expect(refusal(s, () => S.split(s, D, "j", { factor: { ...inner, value: 5 } }))).toBe("SCH146");
    expect(refusal(s, () => S.split(s, D, "j", { factor: { ...inner, index: 7 } }))).toBe("SCH146");
    expect(refusal(s, () => S.tile(s, D, "i", "j", { factors: [inner, { ...inner, name: "x" }] }))).toBe("SCH146");
    expect(refusal(s, () => S.split(s, D, "j", { factor: {} as never }))).toBe("SCH101");
  });

  it("stand in layouts and alignments, so that a panel is as wide as the loop that reads it", () => {
    const { s, P, C } = product(4, 24, 3);
    const width = S.sampleCategorical(s, C, [4, 8], { name: "width" }, 1);
    S.transformLayout(s, P, [{ dimension: 1, divisor: width }, { dimension: 0 }, { dimension: 1, modulus: width }]);
    S.storageAlign(s, P, 0, { factor: width, offset: 1 });
    S.split(s, C, "j", { factor: width });
    const shape = (each: S.Schedule): string | undefined => /allocate P: float32(\[.*\]) @/.exec(S.print(each))?.[1];
    expect(shape(s)).toBe("[3, 3, 8] strides [25, 8, 1]");
    const trace = S.traceOf(s);
    expect(trace.records[1]?.arguments.digits).toContainEqual({ dimension: 1, modulus: { sample: "width", index: 0 } });
    const narrow = S.replay(product(4, 24, 3).D, S.withDecision(trace, 0, 0));
    expect(shape(narrow)).toBe("[6, 3, 4] strides [13, 4, 1]");
    for (const each of [s, narrow]) expectSame(each);
    expect(S.toTypeScript(trace)).toContain(
      "{ dimension: 1, divisor: width }, { dimension: 0 }, { dimension: 1, modulus: width }",
    );
    const other = product(4, 24, 3);
    expect(refusal(other.s, () => S.transformLayout(other.s, other.P, [{ dimension: 0, divisor: width }]))).toBe(
      "SCH146",
    );
    expect(refusal(other.s, () => S.storageAlign(other.s, other.P, 0, { factor: width }))).toBe("SCH146");
  });

  it("make schedules that compute the same, whatever is chosen, here and on other shapes", () => {
    let changed = 0;
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 })),
        fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 }),
        fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 }),
        ([m, n, k], numbers, others) => {
          const s = sampled(product(m, n, k), chooser(numbers));
          expectSame(s);
          const trace = S.traceOf(s);
          const again = sampled(product(m, n, k), chooser(others));
          for (const { step, decision } of S.decisionsOf(S.traceOf(again))) {
            const mutated = S.withDecision(trace, step, decision);
            try {
              const replayed = S.replay(product(m, n, k).D, mutated);
              expectSame(replayed);
              expect(S.traceOf(replayed)).toEqual(mutated);
              changed++;
            } catch (error) {
              // A place may be gone when the loops were tiled otherwise.
              if (!isCompileError(error) || !error.code.startsWith("SCH")) throw error;
            }
          }
          const outputs = product(m + 1, n + 1, k).D;
          const resampled = S.replay(outputs, trace, { resample: chooser(others) });
          expectSame(resampled);
        },
      ),
      { numRuns: 40 },
    );
    expect(changed).toBeGreaterThan(60);
  });
});

describe("sampleCategorical", () => {
  it("takes one of its candidates", () => {
    const { s, D } = product(2, 12, 3);
    const given: (readonly number[])[] = [];
    const choose: S.Choose = (weights) => {
      given.push(weights);
      return 2;
    };
    expect(S.sampleCategorical(s, D, [8, 16, 32], { probabilities: [0.1, 0, 0.9] }, choose).value).toBe(32);
    expect(S.sampleCategorical(s, D, [8, 16, 32], {}, choose).value).toBe(32);
    expect(S.sampleCategorical(s, D, [8, 16, 32], {}, 1).value).toBe(16);
    expect(given).toEqual([
      [0.1, 0, 0.9],
      [1, 1, 1],
    ]);
    expect(S.traceOf(s).records.map(({ results }) => results[0])).toEqual(["D.choice", "D.choice.1", "D.choice.2"]);
  });

  it("refuses candidates and probabilities that do not fit", () => {
    const { s, D } = product(2, 12, 3);
    const sample =
      (candidates: unknown, probabilities?: unknown, choose: unknown = first) =>
      () =>
        S.sampleCategorical(
          s,
          D,
          candidates as never,
          (probabilities === undefined ? {} : { probabilities }) as never,
          choose as never,
        );
    for (const candidates of [[], ["x"], [Number.NaN], null, 3]) expect(refusal(s, sample(candidates))).toBe("SCH145");
    for (const odds of [[1], [0, 0], [-1, 2], ["x", 1], 7]) expect(refusal(s, sample([1, 2], odds))).toBe("SCH145");
    for (const decision of [2, -1, 0.5, "0", null])
      expect(refusal(s, sample([1, 2], undefined, decision))).toBe("SCH145");
    expect(
      refusal(
        s,
        sample([1, 2], undefined, () => 2),
      ),
    ).toBe("SCH147");
  });
});

describe("sampleComputeLocation", () => {
  it("chooses among all places that are legal, and leaves none out", () => {
    const count = (tensor: "P" | "C"): readonly string[] => {
      const places: string[] = [];
      let total = 1;
      for (let index = 0; index < total; index++) {
        const g = product(3, 4, 5);
        const place = S.sampleComputeLocation(g.s, g[tensor], (weights) => {
          total = weights.length;
          return index;
        });
        places.push(typeof place === "string" ? place : `${place.consumer}.${place.axis}`);
        expectSame(g.s);
        expectSame(S.replay(product(2, 7, 3).D, S.traceOf(g.s)));
        expect(S.traceOf(g.s).records).toHaveLength(1);
      }
      return places;
    };
    expect(count("P")).toEqual(["root", "inline", "C.i", "C.j", "C.r"]);
    expect(count("C")).toEqual(["root", "D.i", "D.j"]);
  });

  it("is the same as the primitive for the place", () => {
    const [one, other] = [product(3, 4, 5), product(3, 4, 5)];
    S.sampleComputeLocation(one.s, one.C, { consumer: "D", axis: "i" });
    S.computeAt(other.s, other.C, other.D, "i");
    expect(S.print(one.s)).toBe(S.print(other.s));
  });

  it("refuses places that there are not", () => {
    const { s, C, D, A } = product(3, 4, 5);
    const place = (at: unknown) => () => S.sampleComputeLocation(s, C, at as never);
    for (const at of ["here", 3, null, undefined, {}, { consumer: "D" }]) expect(refusal(s, place(at))).toBe("SCH145");
    expect(refusal(s, place("inline"))).toBe("SCH110");
    expect(refusal(s, place({ consumer: "D", axis: "q" }))).toBe("SCH104");
    expect(refusal(s, place({ consumer: "P", axis: "i" }))).toBe("SCH111");
    expect(
      refusal(
        s,
        place(() => 3),
      ),
    ).toBe("SCH147");
    expect(refusal(s, () => S.sampleComputeLocation(s, A, first))).toBe("SCH145");
    expect(S.sampleComputeLocation(s, D, first)).toBe("root");
  });
});

describe("decisions", () => {
  const trace = () => {
    const g = product(3, 12, 5);
    return S.traceOf(sampled(g, first));
  };

  it("are listed, and changed one at a time", () => {
    expect(S.decisionsOf(trace()).map(({ primitive }) => primitive)).toEqual([
      "samplePerfectTile",
      "sampleCategorical",
      "sampleComputeLocation",
    ]);
    expect(codeOf(() => S.withDecision(trace(), 1, [2]))).toBe("SCH145");
    expect(codeOf(() => S.withDecision(trace(), -1, [2]))).toBe("SCH145");
    const odd = S.withDecision(trace(), 0, [5, 5, 5]);
    expect(codeOf(() => S.replay(product(3, 12, 5).D, odd))).toBe("SCH145");
  });

  it("that do not fit another shape are told, or decided anew", () => {
    const outputs = product(3, 10, 5).D;
    let notes: readonly string[] = [];
    try {
      S.replay(outputs, trace());
    } catch (error) {
      if (isCompileError(error)) notes = error.diagnostics[0]?.notes ?? [];
    }
    expect(notes.join("\n")).toContain("at step 0 of the trace, `samplePerfectTile` on `D`");
    const kept = S.replay(outputs, trace(), { resample: chooser([1]) });
    expectSame(kept);
    const [before, after] = [S.decisionsOf(trace()), S.decisionsOf(S.traceOf(kept))];
    expect(after[0]?.decision).not.toEqual(before[0]?.decision);
    expect(after.slice(1)).toEqual(before.slice(1));
  });

  it("of bad traces are refused", () => {
    const { records } = trace();
    const bad = (step: number, args: object) => () =>
      S.replay(product(3, 12, 5).D, {
        version: 1,
        records: records.map((each, at) =>
          at === step ? { ...each, arguments: { ...each.arguments, ...args } } : each,
        ),
      });
    expect(codeOf(bad(0, { decision: null }))).toBe("SCH145");
    expect(codeOf(bad(0, { decision: {} }))).toBe("SCH145");
    expect(codeOf(bad(0, { parts: "2" }))).toBe("SCH120");
    const split = records.findIndex(({ primitive }) => primitive === "split");
    expect(codeOf(bad(split, { parts: { sample: "nothing", index: 0 } }))).toBe("SCH146");
    expect(codeOf(bad(split, { parts: { sample: "j.tile", index: 9 } }))).toBe("SCH146");
    expect(codeOf(bad(split, { parts: {} }))).toBe("SCH146");
    expect(codeOf(bad(split, { parts: [] }))).toBe("SCH120");
    const choice = records.findIndex(({ primitive }) => primitive === "sampleCategorical");
    expect(codeOf(bad(choice, { candidates: 3 }))).toBe("SCH120");
    expect(codeOf(bad(choice, { decision: 17 }))).toBe("SCH145");
    expect(codeOf(bad(choice, { probabilities: [] }))).toBe("SCH145");
    const place = records.findIndex(({ primitive }) => primitive === "sampleComputeLocation");
    expect(codeOf(bad(place, { decision: 3 }))).toBe("SCH145");
  });
});
