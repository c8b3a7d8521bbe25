import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc, ThreadTag } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expected, gpuGemm, newMemory } from "../../interp/test/gpu-gemm.js";
import { expectSameLaunches, GPU } from "../test/launches.js";
import { moduleOf, textOf } from "../test/same-meaning.js";
import { launchOf } from "./launch.js";
import { lower } from "./lower.js";

const lowered = (text: string): string => textOf(expectSameLaunches(moduleOf(text)));
const codeOf = (text: string): string => {
  try {
    lower(moduleOf(text), { capabilities: GPU, verify: true });
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "nothing thrown";
};
const moduleWith = (func: PrimFunc): IRModule => ({
  kind: "IRModule",
  span: NO_SPAN,
  functions: [func],
  attributes: {},
});
/** The launches that a module makes, in order of their functions. */
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

  it("wait once more where a loop comes round, and before a condition is computed again", () => {
    const text = lowered(
      block(`
      B[7] = 0.0
      while B[7] < 3.0 {
        allocate s: float32[8] @shared
        for t: thread(threadIdx.x) in 0..8 { s[t] = A[t] + B[7] }
        for u: thread(threadIdx.x) in 0..8 { A[u] = s[7 - u] }
        for v: thread(threadIdx.x) in 7..+1 { B[v] = B[v] + 1.0 }
      }`),
    );
    expect(text.match(/barrier/g)?.length).toBeGreaterThan(2);
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
    expect(launches(module).map(({ blocks, threads }) => [...blocks, ...threads])).toEqual([
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

describe("schedules with `bind`", () => {
  const launched = (schedule: S.Schedule, uninitialised: "error" | "poison" = "error") =>
    launches(expectSameLaunches(moduleWith(S.toPrimFunc(schedule)), GPU, uninitialised));
  const tensor = (name: string, ...shape: number[]) => placeholder(shape, { name });

  it("add vectors with a ragged end", () => {
    const [A, B] = [tensor("A", 1000), tensor("B", 1000)];
    const C = compute([1000], (i) => add(read(A, i), read(B, i)), { name: "C" });
    const s = S.createSchedule(C);
    const [block, thread] = S.split(s, C, "i", { factor: 64 });
    S.bind(s, C, block, "blockIdx.x");
    S.bind(s, C, thread, "threadIdx.x");
    expect(launched(s)).toEqual([{ kernel: "C_kernel0", blocks: [16, 1, 1], threads: [64, 1, 1], sharedBytes: 0 }]);
  });

  it("compute two stages by tiles of two dimensions: two launches, or one in the blocks of the other", () => {
    const stages = () => {
      const A = tensor("A", 13, 10);
      const B = compute([13, 10], (i, j) => mul(read(A, i, j), read(A, i, j)), { name: "B" });
      const C = compute([13, 9], (i, j) => add(read(B, i, j), read(B, i, add(j, 1))), { name: "C" });
      const s = S.createSchedule(C);
      const bound = (stage: typeof B): void => {
        const [y, ty] = S.split(s, stage, "i", { factor: 4 });
        const [x, tx] = S.split(s, stage, "j", { factor: 4 });
        S.reorder(s, stage, [y, x, ty, tx]);
        const threads = {
          [y.name]: "blockIdx.y",
          [x.name]: "blockIdx.x",
          [ty.name]: "threadIdx.y",
          [tx.name]: "threadIdx.x",
        };
        for (const axis of [y, x, ty, tx]) S.bind(s, stage, axis, threads[axis.name] as ThreadTag);
      };
      return { s, B, C, bound };
    };
    const apart = stages();
    apart.bound(apart.B);
    apart.bound(apart.C);
    expect(launched(apart.s).map(({ blocks, threads }) => [...blocks, ...threads])).toEqual([
      [3, 4, 1, 4, 4, 1],
      [3, 4, 1, 4, 4, 1],
    ]);
    const inside = stages();
    inside.bound(inside.C);
    S.setScope(inside.s, inside.B, "shared");
    S.computeAt(inside.s, inside.B, inside.C, S.axesOf(inside.s, inside.C)[1] as never);
    const [rows, columns] = S.axesOf(inside.s, inside.B);
    S.bind(inside.s, inside.B, rows as never, "threadIdx.y");
    S.bind(inside.s, inside.B, columns as never, "threadIdx.x");
    expect(launched(inside.s)).toEqual([
      { kernel: "C_kernel0", blocks: [3, 4, 1], threads: [5, 4, 1], sharedBytes: 80 },
    ]);
  });

  it("fold inside of a thread", () => {
    const A = tensor("A", 37, 11);
    const r = reduceAxis(11, "r");
    const C = compute([37], (i) => sum(read(A, i, r), [r]), { name: "C" });
    const s = S.createSchedule(C);
    const [block, thread] = S.split(s, C, "i", { factor: 8 });
    S.bind(s, C, block, "blockIdx.x");
    S.bind(s, C, thread, "threadIdx.x");
    expect(launched(s)).toMatchObject([{ blocks: [5, 1, 1], threads: [8, 1, 1] }]);
  });

  it("multiply matrices with tiles that threads fill together, of sizes that nothing divides", () => {
    const [A, B] = [tensor("A", 9, 7), tensor("B", 7, 10)];
    const r = reduceAxis(7, "r");
    const C = compute([9, 10], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), [r]), { name: "C" });
    const s = S.createSchedule(C);
    const local = S.cacheWrite(s, C, "local");
    const [y, ty] = S.split(s, C, "i", { factor: 4 });
    const [x, tx] = S.split(s, C, "j", { factor: 4 });
    S.reorder(s, C, [y, x, ty, tx]);
    S.bind(s, C, y, "blockIdx.y");
    S.bind(s, C, x, "blockIdx.x");
    S.bind(s, C, ty, "threadIdx.y");
    S.bind(s, C, tx, "threadIdx.x");
    S.computeAt(s, local, C, tx);
    const [outer] = S.split(s, local, "r", { factor: 4 });
    for (const operand of [A, B]) {
      const shared = S.cacheRead(s, operand, "shared", [local]);
      const [first, second] = S.axesOf(s, shared);
      S.bind(s, shared, S.split(s, shared, first as never, { factor: 4 })[1], "threadIdx.y");
      S.bind(s, shared, S.split(s, shared, second as never, { factor: 4 })[1], "threadIdx.x");
      S.computeAt(s, shared, local, outer);
    }
    // Threads beyond the edge fold what nobody wrote, and drop it.
    expect(launched(s, "poison")).toEqual([
      { kernel: "C_kernel0", blocks: [3, 3, 1], threads: [4, 4, 1], sharedBytes: 128 },
    ]);
  });
});
