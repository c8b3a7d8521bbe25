import { isCompileError } from "@tilewright/diagnostics";
import { describe, expect, it } from "vitest";
import { GPU } from "../test/launches.js";
import { moduleOf } from "../test/same-meaning.js";
import { lower } from "./lower.js";

const codeOf = (text: string): string => {
  try {
    lower(moduleOf(text), { capabilities: GPU, verify: true });
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
};

describe("what cannot be written as launches is an error", () => {
  it("LOW208: threads whose number nothing bounds, but not those that loops bound", () => {
    const threads = (extent: string, dtype: string): string =>
      codeOf(`
prim_func @f(A: float32[8] @global, n: ${dtype}[1] @global) {
  for k in 0..8 { for t: thread(threadIdx.x) in 0..${extent} { A[t] = 1.0 } }
}`);
    expect(threads("cast(index, n[0])", "int64")).toBe("LOW208");
    expect(threads("cast(index, n[0])", "int32")).toBe("LOW208");
    expect(threads("cast(index, n[0])", "uint8")).toBe("nothing thrown");
    expect(threads("k + 1", "int32")).toBe("nothing thrown");
  });

  it("LOW209: a barrier that perhaps not all threads reach", () => {
    const barrier = (around: string): string =>
      codeOf(`
prim_func @f(A: int32[8] @global, n: int32[1] @global) {
  for t: thread(threadIdx.x) in 0..8 {
    register r = A[t]
    ${around} { barrier @shared r = r - int32(1) }
  }
}`);
    expect(barrier("if A[t] > int32(0)")).toBe("LOW209");
    expect(barrier("for k in 0..cast(index, A[t])")).toBe("LOW209");
    expect(barrier("while r > int32(0)")).toBe("LOW209");
    expect(barrier("if n[0] > int32(0)")).toBe("nothing thrown");
    expect(barrier("for k in 0..cast(index, n[0])")).toBe("nothing thrown");
  });

  it("LOW209: a branch of some threads in which others would have to wait", () => {
    expect(
      codeOf(`
prim_func @f(A: float32[8, 8] @global) {
  for y: thread(threadIdx.y) in 0..8 {
    if A[y, 0] > 0.0 {
      A[y, 1] = A[y, 0]
      for x: thread(threadIdx.x) in 0..8 { A[y, x] = A[y, x] + 1.0 }
    }
  }
}`),
    ).toBe("LOW209");
  });

  it("LOW209: a barrier of virtual threads that go apart", () => {
    expect(
      codeOf(`
prim_func @f(A: float32[8] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    for v: virtual in 0..2 { for k in 0..v + 1 { barrier @shared A[v * 4 + t] = 1.0 } }
  }
}`),
    ).toBe("LOW209");
  });

  it("LOW210: loops around blocks whose bounds the host cannot know, blocks in threads", () => {
    const blocks = "for b: thread(blockIdx.x) in 0..4 { A[b] = int32(1) }";
    const around = (text: string): string => codeOf(`prim_func @f(A: int32[8] @global) { ${text} }`);
    expect(around(`for k in 0..cast(index, A[0]) { ${blocks} }`)).toBe("LOW210");
    expect(around(`while A[0] > int32(3) { ${blocks} }`)).toBe("LOW210");
    expect(around(`for y: thread(blockIdx.y) in 0..2 { for k in 0..y { ${blocks} } }`)).toBe("LOW210");
    expect(around(`for t: thread(threadIdx.x) in 0..2 { ${blocks} }`)).toBe("LOW210");
  });

  it("LOW210: a kernel called by threads, or where memory decides whether it is", () => {
    const call = (around: string): string =>
      codeOf(`
prim_func @f(A: int32[8] @global) { ${around} { call @g(&A[0..8]) } }
prim_func @g(B: int32[8] @global) { B[0] = int32(1) }`);
    expect(call("if A[0] > int32(0)")).toBe("LOW210");
    expect(call("for t: thread(threadIdx.x) in 0..1")).toBe("LOW210");
    expect(call("for b: thread(blockIdx.x) in 0..1")).toBe("LOW210");
    expect(call("for k in 0..4")).toBe("nothing thrown");
  });

  it("names the loop", () => {
    let message = "";
    try {
      lower(
        moduleOf(
          "prim_func @f(A: int32[8] @global) { for k in 0..cast(index, A[0]) { for b: thread(blockIdx.x) in 0..4 { A[b] = int32(1) } } }",
        ),
        { capabilities: GPU },
      );
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("the loop `k` around loops over blocks cannot be written as launches");
  });
});
