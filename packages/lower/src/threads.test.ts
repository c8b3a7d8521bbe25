import { arbitraryThreadFunc, type ThreadFuncOptions } from "@tilewright/backend-test";
import { NO_SPAN } from "@tilewright/diagnostics";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128 } from "../test/gemm.js";
import { expectSameLaunches, GPU } from "../test/launches.js";
import { moduleOf, textOf } from "../test/same-meaning.js";
import { launchOf } from "./launch.js";

const kinds: { readonly [name: string]: ThreadFuncOptions } = {
  "loops over threads": { shared: false },
  "shared memory and barriers": {},
  "other types and loops": {
    dtypes: ["float64", "int32", "uint8", "bool"],
    loopKinds: ["serial", "vectorized", "unrolled", "parallel"],
    atomics: ["int32", "uint8", "float64"],
  },
};
const threads = { thread: "stable" } as const;
const targets = {
  "no launches": { ...SCALAR, loopKinds: threads },
  "no launches, vectors": { ...SIMD128, loopKinds: threads, threads: 1 },
  launches: GPU,
  "launches and vectors": { ...GPU, vector: { bytes: 16, registers: 16, predicated: false } },
};

describe("lowering random functions with threads", () => {
  for (const [target, capabilities] of Object.entries(targets)) {
    it.each(Object.entries(kinds))(`keeps meaning and grammar pass by pass, for ${target}: %s`, (_, options) => {
      const numRuns = capabilities.launch === null ? 15 : 20;
      fc.assert(
        fc.property(arbitraryThreadFunc(options), (func) => {
          const lowered = expectSameLaunches(
            { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} },
            capabilities,
          );
          expect(verify(lowered, "device")).toEqual([]);
          if (capabilities.launch === null) return;
          const [host, ...kernels] = lowered.functions;
          expect(host?.role).toBe("host");
          for (const kernel of kernels) expect(launchOf(kernel)?.kernel).toBe(kernel.name);
        }),
        { numRuns },
      );
    });
  }
});

describe("barriers inside of loops", () => {
  const exchange = (loop: string, before = "", guard = "u * 4 + t < 30"): string => `
prim_func @f(A: float32[32] @global, B: float32[4] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    allocate s: float32[4] @shared
    register r = 0.0
    ${before}
    for ${loop} {
      s[t] = 0.0
      guard ${guard} { s[t] = A[u * 4 + t] }
      barrier @shared
      r = r + s[3 - t]
      barrier @shared
    }
    B[t] = r
  }
}`;
  const loops = (text: string, capabilities = GPU): string => textOf(expectSameLaunches(moduleOf(text), capabilities));

  it("keep these loops whole where threads would run other pieces", () => {
    expect(loops(exchange("u in 0..8")).match(/barrier/g)).toHaveLength(2);
    expect(loops(exchange("u: unrolled in 0..8")).match(/barrier/g)).toHaveLength(16);
  });

  it("let them be split where all threads run the same pieces", () => {
    expect(loops(exchange("u in 0..8", "", "u * 4 < 23"))).not.toContain("guard");
  });

  it("and of virtual threads are waited for once, in branches too", () => {
    const text = `
prim_func @f(A: float32[8] @global, B: float32[8] @global, n: int32[1] @global) {
  for t: thread(threadIdx.x) in 0..4 {
    allocate s: float32[8] @shared
    for v: virtual in 0..2 {
      if n[0] < int32(100) {
        s[v * 4 + t] = A[v * 4 + t]
        barrier @shared
        B[v * 4 + t] = s[7 - v * 4 - t]
      }
    }
  }
}`;
    expect(loops(text).match(/barrier/g)).toHaveLength(1);
  });
});
