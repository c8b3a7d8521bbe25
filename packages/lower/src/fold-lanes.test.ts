import { describe, expect, it } from "vitest";
import { SIMD128 } from "../test/gemm.js";
import { expectSameMeaning, moduleOf, textOf } from "../test/same-meaning.js";

const lowered = (text: string): string => textOf(expectSameMeaning(moduleOf(text), { capabilities: SIMD128 }).module);

/** S[0] = the fold of X, through `width` elements that are written in vectors of `lanes`. */
const fold = (width: number, lanes: number, combined: string): string =>
  lowered(`
prim_func @f(X: float32[${width}] @global, S: float32[1] @global) {
  allocate p: float32[${width}] @local
  for c in 0..${width / lanes} { for l: vectorized in 0..${lanes} { p[c * ${lanes} + l] = X[c * ${lanes} + l] } }
  S[0] = X[0]
  for k in 0..${width} { S[0] = ${combined} }
}`);

const unrolled = (lanes: number, combined: string): string =>
  lowered(`
prim_func @f(X: float32[8] @global, S: float32[1] @global) {
  allocate p: float32[8] @local
  for c: unrolled in 0..${8 / lanes} { for l: vectorized in 0..${lanes} { p[c * ${lanes} + l] = X[c * ${lanes} + l] } }
  S[0] = 0.0
  for k in 0..8 { S[0] = ${combined} }
}`);

describe("folds of a local buffer that vectors are written to", () => {
  it.each(["S[0] +[r] p[k]", "max[r](S[0], p[k])", "min[r](S[0], p[k])"])("%s halves vectors", (combined) => {
    const text = unrolled(4, combined);
    expect(text).not.toMatch(/allocate|for k/);
    expect(text).toContain("shuffle(halves; 2, 3)");
  });

  it("keep their order where it is strict", () => expect(unrolled(4, "S[0] + p[k]")).toContain("for k"));

  it("stay loops where elements are written one by one", () => {
    expect(unrolled(1, "S[0] +[r] p[k]")).not.toContain("halves");
  });

  it("stay loops where they fold something else", () => {
    expect(unrolled(4, "S[0] +[r] p[7 - k]")).not.toContain("halves");
    expect(unrolled(4, "S[0] +[r] p[k] * p[k]")).not.toContain("halves");
    expect(unrolled(4, "p[k] +[r] S[0]")).not.toContain("halves");
  });

  it("stay loops where the places of vectors vary", () => {
    expect(fold(64, 4, "S[0] +[r] p[k]")).not.toContain("halves");
  });

  it("of integers may always be regrouped", () => {
    const text = lowered(`
prim_func @f(X: int32[8] @global, S: int32[1] @global) {
  allocate p: int32[8] @local
  for c: unrolled in 0..2 { for l: vectorized in 0..4 { p[c * 4 + l] = X[c * 4 + l] } }
  for k in 0..8 { S[0] = S[0] + p[k] }
}`);
    expect(text).toContain("halves");
  });
});
