import { describe, expect, it } from "vitest";
import { SIMD128 } from "../test/gemm.js";
import { expectSameMeaning, moduleOf, textOf } from "../test/same-meaning.js";
import { lower } from "./lower.js";

/** `B[f(i)] = A[f(i)] + 1` over a split of n elements. */
const split = (n: number, kinds: string, factor = 4): string => `
prim_func @f(A: float32[${n}] @global, B: float32[${n}] @global) {
  for o in 0..${Math.ceil(n / factor)} {
    for i: ${kinds} in 0..${factor} {
      guard o * ${factor} + i < ${n} {
        B[o * ${factor} + i] = A[o * ${factor} + i] + 1.0
      }
    }
  }
}`;

describe("guards of loops that do not divide", () => {
  it("leave a vectorized loop: whole chunks in the loop, the rest after it", () => {
    const { module, diagnostics } = lower(moduleOf(split(10, "vectorized")), { capabilities: SIMD128 });
    expect(diagnostics).toEqual([]);
    expect(textOf(module)).toMatchInlineSnapshot(`
      "prim_func @f(A: float32[10] @global, B: float32[10] @global) {
        register address = 0
        for o in 0..2 {
          B[ramp(address, 1, 4)] = A[ramp(address, 1, 4)] + broadcast(1.0, 4)
          address = address + 4
        }
        B[ramp(8, 1, 2)] = A[ramp(8, 1, 2)] + broadcast(1.0, 2)
      }"
    `);
  });

  it.each([1, 3, 4, 5, 8, 10, 13, 31])("never become part of lanes, nor change the result: %i elements", (n) => {
    for (const kind of ["serial", "vectorized", "unrolled"]) {
      for (const factor of [2, 4, 5, 8]) {
        const { module, diagnostics } = expectSameMeaning(moduleOf(split(n, kind, factor)), { capabilities: SIMD128 });
        expect(diagnostics).toEqual([]);
        expect(textOf(module)).not.toContain("guard");
      }
    }
  });

  it("of two dimensions are split apart one after the other", () => {
    const tile = moduleOf(`
prim_func @f(A: float32[7, 11] @global, B: float32[7, 11] @global) {
  for io in 0..2 { for jo in 0..3 { for ii: unrolled in 0..4 { for ji: vectorized in 0..4 {
    guard io * 4 + ii < 7 && jo * 4 + ji < 11 {
      B[io * 4 + ii, jo * 4 + ji] = A[io * 4 + ii, jo * 4 + ji] + 1.0
    }
  } } } }
}`);
    expect(expectSameMeaning(tile, { capabilities: SIMD128 }).diagnostics).toEqual([]);
  });

  it("with both ends bound leave a middle without them", () => {
    const stencil = moduleOf(`
prim_func @f(A: float32[20] @global, B: float32[20] @global) {
  for i in 0..20 {
    B[i] = 0.0
    guard i >= 2 && i < 17 { B[i] = A[i - 2] + A[i + 3] }
  }
}`);
    const { module } = expectSameMeaning(stencil, { capabilities: SIMD128 });
    expect(textOf(module)).not.toContain("guard");
  });

  it("of the user stay where they are", () => {
    const branch = moduleOf(`
prim_func @f(A: float32[20] @global, B: float32[20] @global) {
  for i in 0..20 {
    if i < 7 { B[i] = A[i] } else { B[i] = 0.0 }
  }
}`);
    expect(textOf(expectSameMeaning(branch, { capabilities: SIMD128 }).module)).toContain("if i < 7");
  });

  it("beside a long loop stay, since copies of that loop would cost more", () => {
    const beside = moduleOf(`
prim_func @f(A: float32[30] @global, B: float32[10] @global) {
  for i in 0..10 {
    B[i] = 0.0
    for k in 0..30 { B[i] = B[i] + A[k] }
    guard i < 9 { B[i] = B[i] + 1.0 }
  }
}`);
    const text = textOf(expectSameMeaning(beside, { capabilities: SIMD128 }).module);
    expect(text.match(/for k/g)).toHaveLength(1);
  });
});
