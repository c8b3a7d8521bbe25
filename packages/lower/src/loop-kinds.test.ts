import { isCompileError } from "@tilewright/diagnostics";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128 } from "../test/gemm.js";
import { expectSameMeaning, moduleOf, textOf } from "../test/same-meaning.js";
import { lower } from "./lower.js";
import { RULE_ATTRIBUTE } from "./pass.js";

const codes = (text: string, capabilities = SIMD128): string[] =>
  expectSameMeaning(moduleOf(text), { capabilities }).diagnostics.map(({ code }) => code);

describe("vectorized loops", () => {
  it("become registers of lanes, the rest smaller powers of two", () => {
    const eleven = moduleOf(`
prim_func @f(A: float32[11] @global, B: float32[11] @global) {
  for i: vectorized in 0..11 { B[i] = A[i] * 2.0 }
}`);
    expect(textOf(expectSameMeaning(eleven, { capabilities: SIMD128 }).module)).toMatchInlineSnapshot(`
      "prim_func @f(A: float32[11] @global, B: float32[11] @global) {
        B[ramp(0, 1, 4)] = A[ramp(0, 1, 4)] * broadcast(2.0, 4)
        B[ramp(4, 1, 4)] = A[ramp(4, 1, 4)] * broadcast(2.0, 4)
        B[ramp(8, 1, 2)] = A[ramp(8, 1, 2)] * broadcast(2.0, 2)
        B[10] = A[10] * 2.0
      }"
    `);
  });

  it("take as many lanes as the widest element of the body allows", () => {
    const mixed = moduleOf(`
prim_func @f(A: int8[16] @global, B: float64[16] @global) {
  for i: vectorized in 0..16 { B[i] = cast(float64, A[i]) }
}`);
    const text = textOf(expectSameMeaning(mixed, { capabilities: SIMD128 }).module);
    expect(text).toContain(", 1, 2)");
    expect(text).not.toContain(", 1, 4)");
  });

  it("are serial without a word on a target without vectors", () => {
    expect(codes(`prim_func @f(A: float32[8] @global) { for i: vectorized in 0..8 { A[i] = 1.0 } }`, SCALAR)).toEqual(
      [],
    );
  });

  it("that cannot become lanes are told: LOW102", () => {
    const text = `
prim_func @f(A: float32[8] @global, B: float32[8] @global) {
  for i: vectorized in 0..8 { if A[i] > 0.0 { B[i] = A[i] } }
}`;
    const { diagnostics } = expectSameMeaning(moduleOf(text), { capabilities: SIMD128 });
    expect(diagnostics).toMatchObject([
      {
        code: "LOW102",
        severity: "warning",
        message: "the vectorized loop `i` runs serially: a condition differs between its iterations",
      },
    ]);
  });

  it("over other dimensions than the last are gathered, and told: LOW103", () => {
    expect(
      codes(`
prim_func @f(A: float32[8, 8] @global, B: float32[8] @global, C: float32[8, 8] @global) {
  for i: vectorized in 0..8 { B[i] = A[i, 3]  C[i, 2] = B[i] }
}`),
    ).toEqual(["LOW103", "LOW103"]);
  });

  it("are not told of speed where a rule made the schedule, but of errors", () => {
    const func = (body: string): string => `
prim_func @f(B: float32[8] @global, C: float32[8, 8] @global) attributes {"${RULE_ATTRIBUTE}": "some"} {
  for i: vectorized in 0..8 { ${body} }
}`;
    expect(codes(func("C[i, 2] = B[i]"))).toEqual([]);
    expect(() => lower(moduleOf(func("B[3] = C[i, 2]")), { capabilities: SIMD128 })).toThrow(/LOW101/);
  });

  it("may read under a condition of lanes, one lane after the other", () => {
    expect(
      codes(`
prim_func @f(A: float32[6] @global, B: float32[8] @global) {
  for i: vectorized in 0..8 { B[i] = if_then_else(i >= 1 && i < 7, A[i - 1], 0.0) }
}`),
    ).toEqual(["LOW103"]);
  });

  it("whose lanes write one element are an error: LOW101", () => {
    const text = `
prim_func @f(A: float32[8] @global, B: float32[1] @global) {
  for i: vectorized in 0..8 { B[0] = B[0] + A[i] }
}`;
    let thrown: unknown;
    try {
      lower(moduleOf(text), { capabilities: SIMD128 });
    } catch (error) {
      thrown = error;
    }
    expect(isCompileError(thrown) && thrown.diagnostics).toMatchObject([
      { code: "LOW101", message: "cannot vectorize `i`: every iteration writes the same element of `B`" },
    ]);
  });

  it("keep lets, registers, inner loops and private buffers of their body", () => {
    expect(
      codes(`
prim_func @f(A: float32[4, 8] @global, B: float32[8] @global) {
  for i: vectorized in 0..8 {
    allocate t: float32[2] @local
    register r = 0.0
    for k in 0..4 { r = r + A[k, i] }
    let twice = r * 2.0
    t[0] = twice
    t[1] = t[0] + r
    B[i] = t[1]
  }
}`),
    ).toEqual([]);
  });
});

describe("unrolled loops", () => {
  it("become copies with constants", () => {
    const text = textOf(
      expectSameMeaning(
        moduleOf(`
prim_func @f(A: float32[3] @global) { for i: unrolled in 0..3 { A[i] = cast(float32, i) } }`),
        { capabilities: SCALAR },
      ).module,
    );
    expect(text).toMatchInlineSnapshot(`
      "prim_func @f(A: float32[3] @global) {
        A[0] = 0.0
        A[1] = 1.0
        A[2] = 2.0
      }"
    `);
  });

  it("beyond the cap, or without a constant extent, stay loops and are told: LOW104", () => {
    const long = codes(`prim_func @f(A: float32[9000] @global) { for i: unrolled in 0..9000 { A[i] = 1.0 } }`);
    expect(long).toEqual(["LOW104"]);
    const open = codes(`
prim_func @f(A: float32[9] @global) { for o in 0..3 { for i: unrolled in 0..o + 1 { A[o + i] = 1.0 } } }`);
    expect(open).toEqual(["LOW104"]);
  });

  it("that become very much code are told: LOW106", () => {
    const copies = (extent: number) =>
      codes(`prim_func @f(A: float32[4000] @global) { for i: unrolled in 0..${extent} { A[i] = 1.0 } }`);
    expect(copies(100)).toEqual([]);
    expect(copies(4000)).toEqual(["LOW106"]);
  });
});

describe("virtual threads", () => {
  it("are interleaved statement by statement, with loops fused and buffers apart", () => {
    const text = textOf(
      expectSameMeaning(
        moduleOf(`
prim_func @f(A: float32[2, 8] @global, B: float32[2, 8] @global) {
  for v: virtual in 0..2 {
    allocate t: float32[8] @global
    for i in 0..8 { t[i] = A[v, i] }
    for j in 0..8 { B[v, j] = t[j] + t[7 - j] }
  }
}`),
        { capabilities: SIMD128 },
      ).module,
    );
    expect(text.match(/for /g)).toHaveLength(2);
    expect(text.match(/allocate/g)).toHaveLength(2);
  });
});

describe("parallel loops", () => {
  const text = `
prim_func @f(A: float32[6, 4] @global, B: float32[6, 4] @global, scale: float32) {
  for i: parallel in 0..6 {
    for j: parallel in 0..4 { B[i, j] = A[i, j] + 1.0 }
  }
}`.replace(", scale: float32", "");

  it("become functions, the inner ones loops", () => {
    const { module } = expectSameMeaning(moduleOf(text), { capabilities: SIMD128 });
    expect(module.functions.map(({ name, role }) => [name, role])).toEqual([
      ["f", "kernel"],
      ["f_parallel", "parallel"],
    ]);
  });

  it("stay loops where there is one thread", () => {
    expect(expectSameMeaning(moduleOf(text), { capabilities: SCALAR }).module.functions).toHaveLength(1);
  });
});
