import { NO_SPAN } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { expected, gpuGemm, newMemory } from "../../interp/test/gpu-gemm.js";
import { expectSameLaunches, GPU } from "../test/launches.js";
import { moduleOf, textOf } from "../test/same-meaning.js";
import { launchOf } from "./launch.js";
import { lower } from "./lower.js";

const lowered = (text: string): string => textOf(expectSameLaunches(moduleOf(text)));
const moduleWith = (func: PrimFunc): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions: [func],
  attributes: {},
});
/** The launches of a module. */
const launches = (module: IRModule) => module.functions.flatMap((func) => launchOf(func) ?? []);

describe("one launch", () => {
  it("is a function in launch form, and a call with its size, the slowest axis first", () => {
    const text = lowered(`
prim_func @add(A: float32[10, 100] @global, B: float32[10, 100] @global) {
  for i: thread(blockIdx.y) in 0..10 {
    for j.outer: thread(blockIdx.x) in 0..4 {
      for j.inner: thread(threadIdx.x) in 0..32 {
        guard j.outer * 32 + j.inner < 100 { B[i, j.outer * 32 + j.inner] = A[i, j.outer * 32 + j.inner] + 1.0 }
      }
    }
  }
}`);
    expect(text).toMatchInlineSnapshot(`
      "host prim_func @add(A: float32[10, 100] @global, B: float32[10, 100] @global) {
        call @add_kernel0(&A[0..1000], &B[0..1000]) launch (10, 4) (32)
      }
      prim_func @add_kernel0(A: float32[1000] @global, B: float32[1000] @global) attributes {"tilewright.launch":true} {
        for i: thread(blockIdx.y) in 0..10 {
          for j.outer: thread(blockIdx.x) in 0..4 {
            for j.inner: thread(threadIdx.x) in 0..32 {
              let value = j.outer * 32
              guard value + j.inner < 100 {
                let address = i * 100 + value + j.inner
                B[address] = A[address] + 1.0
              }
            }
          }
        }
      }"
    `);
  });

  it("has one thread where nothing is bound", () => {
    const text = lowered(`
prim_func @f(A: float32[9] @global, B: float32[9] @global) {
  for i in 0..9 { B[i] = A[i] * 2.0 }
  B[0] = A[8]
}`);
    expect(text.match(/launch \(1\) \(1\)/g)).toHaveLength(1);
  });

  it("tells code generators its size", () => {
    const module = expectSameLaunches(
      moduleOf(`
prim_func @f(A: float32[2, 3, 64] @global) {
  for bz: thread(blockIdx.z) in 0..2 {
    for by: thread(blockIdx.y) in 0..3 {
      allocate s: float32[64] @shared
      for t: thread(threadIdx.y) in 0..64 { s[t] = A[bz, by, t] }
      for u: thread(threadIdx.y) in 0..64 { A[bz, by, u] = s[63 - u] }
    }
  }
}`),
    );
    expect(launches(module)).toEqual([
      { kernel: "f_kernel0", blocks: [1, 3, 2], threads: [1, 64, 1], sharedBytes: 256 },
    ]);
    expect(launchOf(module.functions[0] as PrimFunc)).toBeNull();
  });

  it("multiplies matrices by tiles in shared memory", () => {
    const { module } = lower(moduleWith(gpuGemm()), { capabilities: GPU, verify: true });
    expect(launches(module)).toEqual([
      { kernel: "gemm_kernel0", blocks: [4, 5, 1], threads: [4, 4, 1], sharedBytes: 128 },
    ]);
    for (const seed of [0, 1, 2, 3]) {
      const memory = newMemory();
      interpret(module, memory, { seed, uninitialised: "error" });
      expect(memory.C).toEqual(expected());
    }
  });
});

describe("threads of one block", () => {
  const block = (body: string): string => `
prim_func @f(A: float32[8] @global, B: float32[8] @global) {
  for b: thread(blockIdx.x) in 0..1 { ${body} }
}`;

  it("in two nests that communicate have a barrier between them, of the memory they share", () => {
    const shared = lowered(
      block(`
      allocate s: float32[8] @shared
      for t: thread(threadIdx.x) in 0..8 { s[t] = A[t] }
      for u: thread(threadIdx.x) in 0..8 { B[u] = s[7 - u] }`),
    );
    expect(shared.match(/barrier.*/g)).toEqual(["barrier @shared"]);
    const global = lowered(
      block(`
      for t: thread(threadIdx.x) in 0..8 { B[t] = A[t] }
      for u: thread(threadIdx.x) in 0..8 { A[u] = B[7 - u] }`),
    );
    expect(global.match(/barrier.*/g)).toEqual(["barrier @global"]);
  });

  it("have none where each reads what it wrote itself, or a barrier is there already", () => {
    const own = block(`
      for t: thread(threadIdx.x) in 0..4 { for k in 0..2 { B[t * 2 + k] = A[t * 2 + k] } }
      for u: thread(threadIdx.x) in 0..4 { for l in 0..2 { A[u * 2 + l] = B[u * 2 + 1 - l] } }`);
    expect(lowered(own)).not.toContain("barrier");
    const given = block(`
      for t: thread(threadIdx.x) in 0..8 { B[t] = A[t] }
      barrier @global
      for u: thread(threadIdx.x) in 0..8 { A[u] = B[7 - u] }`);
    expect(lowered(given).match(/barrier/g)).toHaveLength(1);
  });

  it("may update one element at once, but not in two ways", () => {
    const updates = (op: string): string => `
prim_func @f(n: int32[4] @global) {
  for b: thread(blockIdx.x) in 0..1 {
    for t: thread(threadIdx.x) in 0..8 { atomic add n[t % 4] = int32(1) }
    for u: thread(threadIdx.x) in 0..8 { atomic ${op} n[u % 2] = int32(3) }
  }
}`;
    expect(lowered(updates("add"))).not.toContain("barrier");
    expect(lowered(updates("xor"))).toContain("barrier");
  });

  it("have one where they seem to own elements but do not", () => {
    const overlapping = block(`
      for t: thread(threadIdx.x) in 0..4 { for k in 0..2 { B[t * 2 + k] = A[t] } }
      for u: thread(threadIdx.x) in 0..4 { for l in 0..3 { guard u * 2 + l < 8 { A[u] = B[u * 2 + l] } } }`);
    expect(lowered(overlapping)).toContain("barrier");
  });

  it("are told apart by the largest number of any nest", () => {
    const text = lowered(
      block(`
      for t: thread(threadIdx.x) in 0..8 { B[t] = A[t] }
      for u: thread(threadIdx.x) in 2..+3 { for v: thread(threadIdx.y) in 0..2 { B[u + v * 4 - 2] = 1.0 } }`),
    );
    expect(text).toMatchInlineSnapshot(`
      "host prim_func @f(A: float32[8] @global, B: float32[8] @global) {
        call @f_kernel0(&A[0..8], &B[0..8]) launch (1) (2, 8)
      }
      prim_func @f_kernel0(A: float32[8] @global, B: float32[8] @global) attributes {"tilewright.launch":true} {
        for b: thread(blockIdx.x) in 0..1 {
          for v: thread(threadIdx.y) in 0..2 {
            for t: thread(threadIdx.x) in 0..8 {
              if v == 0 {
                B[t] = A[t]
              }
              barrier @global
              let u = t + 2
              if t < 3 {
                let address = v * 4
                B[address + u + -2] = 1.0
              }
            }
          }
        }
      }"
    `);
  });

  it("leave to the first what the block does alone, and compute its values together", () => {
    const text = lowered(
      block(`
      register r = A[0]
      for k in 1..8 { r = r + A[k] }
      B[0] = r
      for t: thread(threadIdx.x) in 0..8 { guard t > 0 { B[t] = B[0] * r } }
      B[7] = B[1]`),
    );
    expect(text).toMatchInlineSnapshot(`
      "host prim_func @f(A: float32[8] @global, B: float32[8] @global) {
        call @f_kernel0(&A[0..8], &B[0..8]) launch (1) (8)
      }
      prim_func @f_kernel0(A: float32[8] @global, B: float32[8] @global) attributes {"tilewright.launch":true} {
        for b: thread(blockIdx.x) in 0..1 {
          for t: thread(threadIdx.x) in 0..8 {
            register r = A[0]
            for k in 1..+7 {
              r = r + A[k]
            }
            let value = t == 0
            if value {
              B[0] = r
            }
            barrier @global
            guard t >= 1 {
              B[t] = B[0] * r
            }
            barrier @global
            if value {
              B[7] = B[1]
            }
          }
        }
      }"
    `);
  });

  it("wait once more where a loop comes round", () => {
    const text = lowered(
      block(`
      allocate s: float32[8] @shared
      for k in 0..3 {
        for t: thread(threadIdx.x) in 0..8 { s[t] = A[t] + cast(float32, k) }
        for u: thread(threadIdx.x) in 0..8 { A[u] = s[7 - u] }
      }`),
    );
    expect(text.match(/barrier/g)).toHaveLength(2);
  });

  it("wait before a condition is computed again", () => {
    lowered(
      block(`
      B[7] = 0.0
      while B[7] < 3.0 {
        for t: thread(threadIdx.x) in 0..8 { A[t] = A[t] + B[7] }
        for v: thread(threadIdx.x) in 7..+1 { B[v] = B[v] + 1.0 }
      }`),
    );
  });

  it("beyond those of a nest do not read what it writes", () => {
    const text = lowered(
      block(`
      for t: thread(threadIdx.x) in 0..8 { A[t] = A[t] + 1.0 }
      for u: thread(threadIdx.x) in 0..1 { let x = B[0] B[0] = x * x + 1.0 }`),
    );
    expect(text).toContain("let x = if_then_else(");
  });

  it("beyond those of a nest read nothing beyond memory in it, and agree with them on what leads to barriers", () => {
    const text = lowered(`
prim_func @f(A: float32[8] @global, B: float32[3] @global) {
  for b: thread(blockIdx.x) in 0..1 {
    for t: thread(threadIdx.x) in 0..8 { A[t] = A[t] + 1.0 }
    for u: thread(threadIdx.x) in 0..3 {
      allocate s: float32[3] @shared
      register n = int32(2)
      while n > int32(0) {
        let own = B[u]
        s[u] = own
        barrier @shared
        B[u] = s[2 - u] + own
        barrier @shared
        n = n - int32(1)
      }
    }
  }
}`);
    expect(text).toContain("if_then_else(");
  });
});

describe("memory of a launch", () => {
  it("that is shared inside of a loop is kept apart between iterations by a barrier", () => {
    const body = (last: string): string => `
prim_func @f(A: float32[3, 4] @global, B: float32[3, 4] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    for k in 0..3 {
      allocate s: float32[4] @shared
      s[t] = A[k, t]
      barrier @shared
      B[k, t] = s[3 - t]
      ${last}
    }
  }
}`;
    expect(lowered(body("")).match(/barrier/g)).toHaveLength(2);
    expect(lowered(body("barrier @shared")).match(/barrier/g)).toHaveLength(2);
  });

  it("that is called shared, but is not, needs no barrier in a loop", () => {
    const text = lowered(`
prim_func @f(A: float32[3, 4] @global, B: float32[3, 4] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    for k in 0..3 {
      allocate s: float32[4] @shared
      s[(t + k) % 4] = A[k, t]
      B[k, t] = s[(t + k) % 4]
    }
  }
}`);
    expect(text).toContain("allocate s: float32[4] @local");
    expect(text).not.toContain("barrier");
  });

  it("is global memory of the host, a part for each block, where a block allocates it", () => {
    const text = lowered(`
prim_func @f(A: float32[4, 8] @global, B: float32[4, 8] @global) {
  for b: thread(blockIdx.x) in 0..4 {
    allocate g: float32[8] @global
    for t: thread(threadIdx.x) in 0..8 { g[t] = A[b, t] }
    for u: thread(threadIdx.x) in 0..8 { B[b, u] = g[7 - u] }
  }
}`);
    expect(text).toContain("allocate g: float32[32] @global");
    expect(text.indexOf("allocate g")).toBeLessThan(text.indexOf("@f_kernel0("));
  });

  it("is private where one thread alone uses it, and shared where several use local memory", () => {
    const text = lowered(`
prim_func @f(A: float32[4, 8] @global, B: float32[4] @global) {
  for b: thread(blockIdx.x) in 0..2 {
    allocate m: float32[2] @local
    for t: thread(threadIdx.x) in 0..2 {
      allocate p: float32[8] @global
      for k in 0..8 { p[k] = A[b * 2 + t, k] }
      m[t] = p[cast(index, p[0]) % 8]
    }
    for u: thread(threadIdx.x) in 0..2 { B[b * 2 + u] = m[1 - u] }
  }
}`);
    expect(text).toContain("allocate p: float32[8] @local");
    expect(text).toContain("allocate m: float32[2] @shared");
  });

  it("that is too much for a thread is global memory with a part for each", () => {
    const text = lowered(`
prim_func @f(A: float32[4] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    allocate q: float32[5000] @global
    for k in 0..5000 { q[k] = A[t] }
    A[t] = q[cast(index, A[t]) % 5000]
  }
}`);
    expect(text).toContain("allocate q: float32[20000] @global");
  });
});
