import { describe, expect, it } from "vitest";
import { expectSameLaunches, GPU } from "../test/launches.js";
import { moduleOf, textOf } from "../test/same-meaning.js";
import { launchOf } from "./launch.js";
import { lower } from "./lower.js";

const lowered = (text: string): string => textOf(expectSameLaunches(moduleOf(text)));

describe("the host", () => {
  it("keeps loops, branches, values and global memory around launches", () => {
    const text = lowered(`
prim_func @f(A: float32[8, 8] @global, B: float32[8] @global) {
  allocate g: float32[8] @global
  for t: thread(threadIdx.x) in 0..8 { g[t] = 0.0 }
  for k in 0..8 {
    let n = k * 2
    if k > 2 {
      for b: thread(blockIdx.x) in 0..2 {
        for u: thread(threadIdx.x) in 0..4 { g[b * 4 + u] = g[b * 4 + u] + A[k, b * 4 + u] * cast(float32, n + k) }
      }
    }
  }
  for v: thread(threadIdx.x) in 0..8 { B[v] = g[v] }
}`);
    expect(text).toMatchInlineSnapshot(`
      "host prim_func @f(A: float32[8, 8] @global, B: float32[8] @global) {
        allocate g: float32[8] @global
        call @f_kernel0(&g[0..8]) launch (1) (8)
        for k in 0..8 {
          let n = k * 2
          if k >= 3 {
            call @f_kernel1(&A[0..64], &g[0..8], k, n) launch (2) (4)
          }
        }
        call @f_kernel2(&B[0..8], &g[0..8]) launch (1) (8)
      }
      prim_func @f_kernel0(g: float32[8] @global) attributes {"tilewright.launch":true} {
        for t: thread(threadIdx.x) in 0..8 {
          g[t] = 0.0
        }
      }
      prim_func @f_kernel1(A: float32[64] @global, g: float32[8] @global, k: index, n: index) attributes {"tilewright.launch":true} {
        for b: thread(blockIdx.x) in 0..2 {
          for u: thread(threadIdx.x) in 0..4 {
            let value = b * 4
            let address = value + u
            let address_1 = k * 8 + value + u
            g[address] = g[address] + A[address_1] * cast(float32, n + k)
          }
        }
      }
      prim_func @f_kernel2(B: float32[8] @global, g: float32[8] @global) attributes {"tilewright.launch":true} {
        for v: thread(threadIdx.x) in 0..8 {
          B[v] = g[v]
        }
      }"
    `);
  });

  it("holds in memory what it would have to read", () => {
    const text = lowered(`
prim_func @f(A: float32[8] @global, n: int32[1] @global) {
  let scale = A[0]
  register r = 0.0
  for b: thread(blockIdx.x) in 0..2 { for t: thread(threadIdx.x) in 0..4 { A[b * 4 + t] = A[b * 4 + t] + scale } }
  r = A[1]
  if n[0] > int32(-100) {
    for c: thread(blockIdx.x) in 0..2 { for u: thread(threadIdx.x) in 0..4 { A[c * 4 + u] = A[c * 4 + u] * r } }
  }
}`);
    expect(text).toContain("allocate scale: float32[1] @global");
    expect(text).toContain("allocate r: float32[1] @global");
    expect(text).toContain("allocate condition: bool[1] @global");
  });

  it("keeps loops in branches that memory decides: each launch asks", () => {
    const text = lowered(`
prim_func @f(A: int32[8] @global) {
  if A[0] < int32(100) {
    register n = int32(2)
    while n > int32(0) {
      for b: thread(blockIdx.x) in 0..8 { A[b] = A[b] + n }
      n = n - int32(1)
    }
  }
}`);
    expect(text).toContain("while n > int32(0)");
    expect(text).toContain("if condition[0]");
  });

  it.each([
    ["under a branch that memory decides, through a value", "let c = n[0] > int32(100)", "if c {", "r = int32(7)"],
    [
      "under a branch that memory decides, through a register",
      "register c = n[0]",
      "if c > int32(100) {",
      "r = int32(7)",
    ],
    ["to a value from memory", "let c = n[0]", "for k in 0..2 {", "r = c"],
    ["to a register in memory", "register c = n[0]", "for k in 0..2 {", "r = c + r"],
  ])("keeps no register that is assigned %s", (_, binder, around, assignment) => {
    const text = lowered(`
prim_func @f(A: int32[8] @global, n: int32[1] @global) {
  register r = int32(1)
  ${binder}
  ${around}
    for b: thread(blockIdx.x) in 0..8 { A[b] = A[b] + r }
    ${assignment}
  }
  for b: thread(blockIdx.x) in 0..8 { A[b] = A[b] + r }
}`);
    expect(text).toContain("allocate r: int32[1] @global");
  });

  it("keeps no register that threads beside it would count", () => {
    const text = lowered(`
prim_func @f(A: int32[8] @global, n: int32[1] @global) {
  register r = int32(1)
  let c = n[0]
  for k in 0..2 {
    for t: thread(threadIdx.x) in 0..8 { A[t] = A[t] + c }
    r = r + int32(1)
  }
  for b: thread(blockIdx.x) in 0..8 { A[b] = A[b] + r }
}`);
    expect(text).toContain("allocate r: int32[1] @global");
  });

  it("makes launches of what stands between loops over blocks", () => {
    const module = expectSameLaunches(
      moduleOf(`
prim_func @f(A: float32[4, 8] @global, B: float32[4] @global) {
  for y: thread(blockIdx.y) in 0..4 {
    allocate m: float32[1] @local
    m[0] = A[y, 0]
    let first = A[y, 1]
    for x: thread(blockIdx.x) in 0..2 {
      for t: thread(threadIdx.x) in 0..4 { A[y, x * 4 + t] = A[y, x * 4 + t] * m[0] + first }
    }
    B[y] = A[y, 7]
  }
}`),
    );
    expect(
      module.functions.flatMap((func) => launchOf(func) ?? []).map(({ blocks, threads }) => [...blocks, ...threads]),
    ).toEqual([
      [1, 4, 1, 1, 1, 1],
      [1, 4, 1, 1, 1, 1],
      [2, 4, 1, 4, 1, 1],
      [1, 4, 1, 1, 1, 1],
    ]);
  });

  it("calls other kernels, which are of the host too", () => {
    const module = expectSameLaunches(
      moduleOf(`
prim_func @f(A: float32[8] @global) {
  A[0] = 1.0
  call @g(&A[0..8])
}
prim_func @g(B: float32[8] @global) {
  for t: thread(threadIdx.x) in 0..8 { B[t] = B[t] + 1.0 }
}`),
    );
    expect(module.functions.map(({ name, role }) => [name, role])).toEqual([
      ["f", "host"], ["f_kernel0", "kernel"], ["g", "host"], ["g_kernel0", "kernel"],
    ]); // biome-ignore format: a table
  });

  it("is left alone where the target has no launches", () => {
    const module = moduleOf("prim_func @f(A: float32[8] @global) { A[0] = 1.0 }");
    expect(lower(module, { capabilities: { ...GPU, launch: null } }).module.functions).toHaveLength(1);
  });
});
