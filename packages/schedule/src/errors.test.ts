import { isCompileError } from "@tilewright/diagnostics";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import * as S from "./index.js";

const diagnose = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return error.diagnostics[0];
    throw error;
  }
  throw new Error("nothing was refused");
};

function gemm() {
  const [A, B] = [placeholder([4, 6], { name: "A" }), placeholder([6, 5], { name: "B" })];
  const k = reduceAxis(6, "k");
  const C = compute([4, 5], (i, j) => sum(mul(read(A, i, k), read(B, k, j)), k), { name: "C" });
  const D = compute([4, 5], (i, j) => add(read(C, i, j), 1), { name: "D" });
  return { A, B, C, D, s: S.createSchedule(D) };
}

type Case = readonly [code: string, why: string, run: (g: ReturnType<typeof gemm>) => unknown];

const cases: readonly Case[] = [
  ["SCH101", "a factor of 0", ({ s, D }) => S.split(s, D, "i", { factor: 0 })],
  ["SCH101", "parts of 1.5", ({ s, D }) => S.split(s, D, "i", { parts: 1.5 })],
  ["SCH101", "no size at all", ({ s, D }) => S.split(s, D, "i", {})],
  ["SCH101", "a tile factor that is no number", ({ s, D }) => S.tile(s, D, "i", "j", { factors: [2, Number.NaN] })],
  ["SCH102", "an exact split that leaves a remainder", ({ s, D }) => S.split(s, D, "j", { factor: 2, tail: "exact" })],
  ["SCH103", "a tensor of another program", ({ s }) => S.split(s, gemm().D, "i", { factor: 2 })],
  ["SCH104", "an axis of another stage", ({ s, C, D }) => S.split(s, D, S.axesOf(s, C)[2] as never, { factor: 2 })],
  [
    "SCH104",
    "an axis that was split",
    ({ s, D }) => [S.split(s, D, "i", { factor: 2 }), S.split(s, D, "i", { factor: 2 })],
  ],
  ["SCH104", "computeAt under a loop that is not there", ({ s, C, D }) => S.computeAt(s, C, D, "n")],
  ["SCH105", "fuse of loops that are apart", ({ s, C }) => S.fuse(s, C, "i", "k")],
  ["SCH106", "fuse of a data with a reduction axis", ({ s, C }) => S.fuse(s, C, "j", "k")],
  ["SCH107", "reorder that names a loop twice", ({ s, D }) => S.reorder(s, D, ["i", "i"])],
  ["SCH108", "parallel over a reduction", ({ s, C }) => S.parallel(s, C, "k")],
  ["SCH108", "vectorize over a reduction", ({ s, C }) => S.vectorize(s, C, "k")],
  ["SCH109", "a loop marked twice", ({ s, D }) => [S.unroll(s, D, "i"), S.parallel(s, D, "i")]],
  ["SCH110", "computeAt of an output", ({ s, C, D }) => S.computeAt(s, D, C, "i")],
  ["SCH110", "computeInline of a reduction", ({ s, C }) => S.computeInline(s, C)],
  ["SCH110", "cacheWrite of an input", ({ s, A }) => S.cacheWrite(s, A, "local")],
  ["SCH111", "computeAt under a stage that does not read", ({ s, C, A }) => S.computeAt(s, C, A, "i")],
  ["SCH113", "cacheRead for a stage that does not read", ({ s, A, D }) => S.cacheRead(s, A, "local", [D])],
  [
    "SCH114",
    "cacheWrite after a split",
    ({ s, C }) => [S.split(s, C, "i", { factor: 2 }), S.cacheWrite(s, C, "local")],
  ],
  ["SCH115", "a layout that forgets a dimension", ({ s, C }) => S.transformLayout(s, C, [{ dimension: 0 }])],
  [
    "SCH115",
    "a layout whose digits overlap",
    ({ s, C }) =>
      S.transformLayout(s, C, [{ dimension: 0 }, { dimension: 1, divisor: 4 }, { dimension: 1, modulus: 8 }]),
  ],
  ["SCH116", "roundUp of an output", ({ s, D }) => S.split(s, D, "j", { factor: 2, tail: "roundUp" })],
  ["SCH116", "shift of a reduction axis", ({ s, C }) => S.split(s, C, "k", { factor: 4, tail: "shift" })],
  [
    "SCH116",
    "shift under threads",
    ({ s, D }) => [S.parallel(s, D, S.split(s, D, "j", { factor: 2, tail: "shift" })[0]), S.toPrimFunc(s)],
  ],
  [
    "SCH117",
    "one thread index bound twice",
    ({ s, D }) => [S.bind(s, D, "i", "blockIdx.x"), S.bind(s, D, "j", "blockIdx.x")],
  ],
  [
    "SCH118",
    "computeAt inside a vectorized loop",
    ({ s, C, D }) => [S.vectorize(s, D, "j"), S.computeAt(s, C, D, "j")],
  ],
  [
    "SCH120",
    "a trace with an unknown primitive",
    ({ D }) =>
      S.replay(D, { version: 1, records: [{ primitive: "constructor", stage: "D", arguments: {}, results: [] }] }),
  ],
  [
    "SCH120",
    "a trace with an argument of another type",
    ({ D }) =>
      S.replay(D, { version: 1, records: [{ primitive: "reorder", stage: "D", arguments: { axes: 3 }, results: [] }] }),
  ],
  ["SCH121", "a parameter list without the output", ({ s, A, B }) => S.toPrimFunc(s, { parameters: [A, B] })],
  ["SCH121", "no output", () => S.createSchedule([])],
  [
    "SCH122",
    "global memory inside threads",
    ({ s, C, D }) => [S.bind(s, D, "i", "blockIdx.x"), S.computeAt(s, C, D, "i"), S.toPrimFunc(s)],
  ],
];

describe("every refusal names its code, what was expected and what was found", () => {
  it.each(cases)("%s for %s", (code, _why, run) => {
    const diagnostic = diagnose(() => run(gemm()));
    expect(diagnostic).toMatchObject({
      code,
      severity: "error",
      expected: expect.any(String),
      actual: expect.any(String),
    });
    expect(diagnostic?.span.file).toMatch(/errors\.test\.ts$/);
  });

  it("SCH112 for a reader outside the loop draws its nest", () => {
    const A = placeholder([8], { name: "A" });
    const B = compute([8], (i) => add(read(A, i), 1), { name: "B" });
    const C = compute([8], (i) => mul(read(B, i), 2), { name: "C" });
    const D = compute([8], (i) => add(read(B, i), read(C, i)), { name: "D" });
    const s = S.createSchedule(D);
    expect(diagnose(() => S.computeAt(s, B, C, "i"))).toMatchObject({
      code: "SCH112",
      notes: ["for i in 0..8\n    ~\n  for i\n    B\n  C\nfor i in 0..8\n  D"],
    });
    expect(S.traceOf(s).records).toEqual([]);
  });

  it("SCH119 for a symbolic shape and for a scan's kind of operation", () => {
    const n = { ...placeholder([1]).shape[0], kind: "Var", name: "n", dtype: "index", lanes: 1 } as never;
    expect(diagnose(() => S.createSchedule(compute([n], () => 1 as never, { name: "A" })))?.code).toMatch(/SCH119|TE/);
  });

  it("leaves the schedule as it was", () => {
    const g = gemm();
    S.split(g.s, g.D, "i", { factor: 2 });
    const before = S.traceOf(g.s);
    for (const [, , run] of cases.slice(0, 20)) diagnose(() => run({ ...g, s: S.replay(g.D, before) }));
    expect(S.traceOf(g.s)).toEqual(before);
  });
});
