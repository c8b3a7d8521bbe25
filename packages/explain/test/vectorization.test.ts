import { cacheWrite, createSchedule, reorder, type Schedule, split, vectorize } from "@tilewright/schedule";
import { add, compute, floordiv, mul, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { explain, type Machine, type Vectorization, WASM_ON_V8, ZEN3_NATIVE } from "../src/index.js";
import { product } from "./kernels.js";

const vectorsOf = (schedule: Schedule, machine: Machine = ZEN3_NATIVE): Vectorization =>
  explain(schedule, machine).stages.at(-1)?.vectorization as Vectorization;

const patterns = ({ accesses }: Vectorization) =>
  accesses.map(({ buffer, pattern, stride }) => [buffer, pattern, stride]);

describe("vectors that are used", () => {
  it("contiguous, and one element for all lanes", () => {
    const { C } = product(64);
    const s = createSchedule(C);
    reorder(s, C, ["i", "k", "j"]);
    vectorize(s, C, "j");
    const found = vectorsOf(s);
    expect(found).toMatchObject({
      isVectorized: true,
      loop: "j",
      extent: 64,
      lanes: 8,
      elementsPerInstruction: 8,
      reasons: [],
    });
    expect(patterns(found)).toEqual([
      ["C", "contiguous", 1],
      ["A", "broadcast", 0],
      ["B", "contiguous", 1],
      ["C", "contiguous", 1],
    ]);
  });

  it("strided and gathered operands are named, with what to do", () => {
    const A = placeholder([16, 16], { name: "A" });
    const G = placeholder([4, 16], { name: "G" });
    const T = compute([16, 16], (i, j) => add(read(A, j, i), read(G, floordiv(j, 4), i)), { name: "T" });
    const s = createSchedule(T);
    vectorize(s, T, "j");
    const found = vectorsOf(s);
    expect(patterns(found)).toEqual([
      ["A", "strided", 16],
      ["G", "gathered", null],
      ["T", "contiguous", 1],
    ]);
    expect(found.reasons).toHaveLength(2);
    expect(found.advice.join()).toContain("transformLayout");
  });

  it.each([
    [12, 6, "12 iterations are no multiple of 8 lanes"], // 8 + 4
    [7, 7 / 3, "7 iterations are no multiple of 8 lanes"], // 4 + 2 + 1
  ])("%i iterations on 8 lanes come in chunks of powers of two", (extent, each, reason) => {
    const A = placeholder([4, extent], { name: "A" });
    const B = compute([4, extent], (i, j) => add(read(A, i, j), 1), { name: "B" });
    const s = createSchedule(B);
    vectorize(s, B, "j");
    const found = vectorsOf(s);
    expect(found.elementsPerInstruction).toBeCloseTo(each, 10);
    expect(found.reasons).toEqual([reason]);
  });

  it("wider elements have fewer lanes, and so have narrower registers", () => {
    const of = (dtype: "float64" | "float32" | "int8"): Schedule => {
      const A = placeholder([64], { name: "A", dtype });
      const B = compute([64], (i) => mul(read(A, i), read(A, i)), { name: "B" });
      const s = createSchedule(B);
      vectorize(s, B, "i");
      return s;
    };
    expect([of("float64"), of("float32"), of("int8")].map((s) => vectorsOf(s).lanes)).toEqual([4, 8, 32]);
    expect(vectorsOf(of("float32"), WASM_ON_V8).lanes).toBe(4);
  });
});

describe("vectors that are not", () => {
  it("no mark: the loop that would serve, what to write, and why the innermost does not", () => {
    const found = vectorsOf(createSchedule(product(64).C));
    expect(found).toMatchObject({ isVectorized: false, loop: "j", elementsPerInstruction: 1 });
    expect(found.reasons).toEqual(["no loop of it is marked", "its innermost loop `k` folds into one element"]);
    expect(found.advice).toEqual([
      'const [, lanes] = split(s, "C", "j", { factor: 8 }); vectorize(s, "C", lanes)',
      "reorder so that `j` is innermost",
    ]);
  });

  it("names in the advice are quoted", () => {
    const A = placeholder([16], { name: "A" });
    const s = createSchedule(compute([16], (i) => add(read(A, i), 1), { name: 'say "x"' }));
    expect(vectorsOf(s).advice[0]).toContain('split(s, "say \\"x\\"", "i", { factor: 8 })');
  });

  it("the advice can be followed", () => {
    const { C } = product(64);
    const s = createSchedule(C);
    const [, lanes] = split(s, C, "j", { factor: 8 });
    vectorize(s, C, lanes);
    reorder(s, C, ["k", "j.inner"]);
    expect(vectorsOf(s)).toMatchObject({ isVectorized: true, elementsPerInstruction: 8 });
  });

  it("a machine without vectors", () => {
    const found = vectorsOf(createSchedule(product(8).C), { ...ZEN3_NATIVE, vectorBytes: 4 });
    expect(found).toMatchObject({
      isVectorized: false,
      lanes: 1,
      advice: [],
      reasons: ["the machine has no vectors for this type"],
    });
  });

  it("a loop around another vectorized loop, and one of a single iteration", () => {
    const A = placeholder([16, 16], { name: "A" });
    const B = compute([16, 16], (i, j) => add(read(A, i, j), 1), { name: "B" });
    const s = createSchedule(B);
    vectorize(s, B, "i");
    const [, one] = split(s, B, "j", { factor: 1 });
    vectorize(s, B, one);
    expect(vectorsOf(s).reasons.join()).toMatch(/stands inside it.*fewer than two iterations/);
  });

  it("a loop along which the result is not contiguous needs another layout", () => {
    const A = placeholder([64], { name: "A" });
    const B = compute([64, 1], (i) => add(read(A, i), 1), { name: "B" });
    const copied = cacheWrite(createSchedule(B), B, "global");
    expect(copied.name).toBe("B.global");
    expect(vectorsOf(createSchedule(B)).loop).toBe("i");
  });
});
