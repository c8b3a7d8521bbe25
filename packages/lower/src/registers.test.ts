import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128 } from "../test/gemm.js";
import { expectSameMeaning, moduleOf, textOf } from "../test/same-meaning.js";

const lowered = (text: string, capabilities = SCALAR): string =>
  textOf(expectSameMeaning(moduleOf(text), { capabilities }).module);

describe("small buffers with constant indices", () => {
  it("become registers", () => {
    const text = lowered(`
prim_func @f(A: float32[4] @global, B: float32[4] @global) {
  allocate t: float32[2] @local
  for i in 0..4 { t[0] = A[i]  t[1] = t[0] * 2.0  B[i] = t[0] + t[1] }
}`);
    expect(text).not.toContain("allocate");
  });

  it("read and written in parts pick and insert lanes", () => {
    const text = lowered(
      `
prim_func @f(A: float32[8] @global, B: float32[8] @global) {
  allocate t: float32[8] @local
  for i: vectorized in 0..8 { t[i] = A[i] }
  t[3] = t[6] + 1.0
  for j: vectorized in 0..8 { B[j] = t[j] }
}`,
      SIMD128,
    );
    expect(text).not.toContain("allocate");
    expect(text).toContain("shuffle");
  });

  it("are copied to memory for a loop that moves over them, and back when it writes", () => {
    const text = lowered(
      `
prim_func @f(A: float32[8] @global, B: float32[8] @global) {
  allocate t: float32[8] @local
  for i: vectorized in 0..8 { t[i] = A[i] }
  for k in 0..8 { t[k] = t[7 - k] + 1.0 }
  for j: vectorized in 0..8 { B[j] = t[j] }
}`,
      SIMD128,
    );
    expect(text.match(/allocate t/g)).toHaveLength(1);
    expect(text).toContain("register t0");
  });

  it("stay in memory when such a loop stands in another", () => {
    const text = lowered(`
prim_func @f(A: float32[8] @global, B: float32[8, 8] @global) {
  allocate t: float32[8] @local
  for n in 0..8 { for i in 0..8 { t[i] = A[i] } for k in 0..8 { B[n, k] = t[7 - k] } }
}`);
    expect(text).toContain("allocate t");
  });
});

describe("elements that a loop loads and stores again", () => {
  it("stay in memory that lives inside the loop", () => {
    const text = lowered(`
prim_func @f(A: float32[8] @global, B: float32[8] @global) {
  for i in 0..8 { allocate t: float32[1] @shared  t[0] = A[i]  B[i] = t[0] + 1.0 }
}`);
    expect(text).toContain("allocate t");
  });

  it("stay in a register meanwhile", () => {
    const text = lowered(`
prim_func @f(A: float32[6, 9] @global, B: float32[6] @global) {
  for i in 0..6 { B[i] = 0.0  for k in 0..9 { B[i] = B[i] + A[i, k] } }
}`);
    expect(text).toMatchInlineSnapshot(`
      "prim_func @f(A: float32[6, 9] @global, B: float32[6] @global) {
        for i in 0..6 {
          let address = i * 9
          B[i] = 0.0
          register B_1 = B[i]
          for k in 0..9 {
            let address_1 = address + k
            B_1 = B_1 + A[address_1]
          }
          B[i] = B_1
        }
      }"
    `);
  });

  it.each([
    ["another place of the buffer may be the same", "for k in 0..9 { B[2] = B[2] + B[k] }"],
    ["the loop may not run", "for k in 0..C[0] { B[2] = B[2] + 1.0 }"],
    ["a condition guards all accesses", "for k in 0..9 { if A[k] > 0.0 { B[2] = B[2] + 1.0 } }"],
  ])("stay in memory when %s", (_, loop) => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global, C: int32[1] @global) { ${loop.replace("C[0]", "cast(index, C[0]) * 0")} }`);
    expect(text).not.toContain("register B");
  });

  it("stay in memory when another parameter may be the same memory", () => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global) may_alias ((A, B)) { for k in 0..9 { B[2] = B[2] + A[k] } }`);
    expect(text).not.toContain("register B");
  });
});

describe("values computed more than once", () => {
  it("are computed once, and again after what they read is written", () => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global) {
  B[0] = A[1] * A[2] + 1.0
  B[1] = A[1] * A[2] + 2.0
  A[2] = 5.0
  B[2] = A[1] * A[2] + 3.0
}`);
    expect(text).toMatchInlineSnapshot(`
      "prim_func @f(A: float32[9] @global, B: float32[9] @global) {
        let value = A[1] * A[2]
        B[0] = value + 1.0
        B[1] = value + 2.0
        A[2] = 5.0
        B[2] = A[1] * A[2] + 3.0
      }"
    `);
  });

  it("in loops of one iteration each are told apart", () => {
    const text = lowered(`
prim_func @f(A: float32[2] @global, B: float32[2] @global) {
  B[0] = 0.0
  B[1] = 1.0
  for k in 0..1 { B[k] = A[k] + 1.0 }
  for i in 1..+1 { B[i] = A[i] + 1.0 }
}`);
    expect(text).toContain("B[1] = A[1] + 1.0");
  });

  it("of one arm of a choice stay in it", () => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global) {
  for i in 0..9 { B[i] = if_then_else(i < 8, A[i + 1] * A[i + 1], 0.0) }
}`);
    expect(text).toContain("if_then_else(i < 8, A[i + 1] * A[i + 1], 0.0)");
  });

  it("leave the loops in which they do not change", () => {
    const text = lowered(`
prim_func @f(A: float32[4] @global, B: float32[4, 9] @global, C: float32[9] @global) {
  for i in 0..4 { for j in 0..9 { B[i, j] = sqrt(A[i] / 3.0) * C[j] } }
}`);
    expect(text.indexOf("sqrt(")).toBeGreaterThan(0);
    expect(text.indexOf("sqrt(")).toBeLessThan(text.indexOf("for j"));
  });
});

describe("selects that guard a read", () => {
  it("evaluate one arm only", () => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global) {
  for i in 0..9 { B[i] = select(i < 8 || A[i] > 0.0, 1.0, A[8 - i]) + select(A[i] < 0.0, A[i], 1.0) }
}`);
    expect(text).toContain("if_then_else(");
    expect(text).toContain("select(value < 0.0, value, 1.0)");
  });
});
