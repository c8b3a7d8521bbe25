import { evaluateTensors, interpret } from "@tilewright/interp";
import type { Tensor } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import * as S from "@tilewright/schedule";
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inputFor } from "./programs.js";

interface Tiles {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly block: number;
  readonly step: number;
}

/** A product that is summed in private memory. */
function product({ m, n, k }: Pick<Tiles, "m" | "n" | "k">) {
  const A = placeholder([m, k], { name: "A" });
  const B = placeholder([k, n], { name: "B" });
  const r = reduceAxis(k, "r");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), [r]), { name: "C" });
  const s = S.createSchedule(C);
  const local = S.cacheWrite(s, C, "local");
  return { A, B, C, s, local };
}

/** A product whose tiles of both operands are filled by the threads of a block together. */
function tiledProduct({ block, step, ...sizes }: Tiles): S.Schedule {
  const { A, B, C, s, local } = product(sizes);
  const [i, j] = S.axesOf(s, C);
  const [by, ty] = S.split(s, C, i as never, { factor: block });
  const [bx, tx] = S.split(s, C, j as never, { factor: block });
  S.reorder(s, C, [by, bx, ty, tx]);
  S.bind(s, C, by, "blockIdx.y");
  S.bind(s, C, bx, "blockIdx.x");
  S.bind(s, C, ty, "threadIdx.y");
  S.bind(s, C, tx, "threadIdx.x");
  S.computeAt(s, local, C, tx);
  const [outer] = S.split(s, local, "r", { factor: step });
  for (const operand of [A, B]) {
    const shared = S.cacheRead(s, operand, "shared", [local]);
    const [first, second] = S.axesOf(s, shared);
    const [, y] = S.split(s, shared, first as never, { factor: block });
    const [, x] = S.split(s, shared, second as never, { factor: block });
    S.bind(s, shared, y, "threadIdx.y");
    S.bind(s, shared, x, "threadIdx.x");
    S.computeAt(s, shared, local, outer);
  }
  return s;
}

/** The same with register tiles, and operands that are read in one line by all threads of the block. */
function registerTiles({ block, step, ...sizes }: Tiles): S.Schedule {
  const { A, B, C, s, local } = product(sizes);
  const [by, rows] = S.split(s, C, "i", { factor: 2 * block });
  const [ty, yi] = S.split(s, C, rows, { factor: 2 });
  const [bx, columns] = S.split(s, C, "j", { factor: 3 * block });
  const [tx, xi] = S.split(s, C, columns, { factor: 3 });
  S.reorder(s, C, [by, bx, ty, tx, yi, xi] as never);
  for (const [axis, thread] of [
    [by, "blockIdx.y"],
    [bx, "blockIdx.x"],
    [ty, "threadIdx.y"],
    [tx, "threadIdx.x"],
  ] as const)
    S.bind(s, C, axis as never, thread);
  S.computeAt(s, local, C, tx as never);
  const [outer, inner] = S.split(s, local, "r", { factor: step });
  S.reorder(s, local, [outer, inner, "i", "j"]);
  for (const operand of [A, B]) {
    const shared = S.cacheRead(s, operand, "shared", [local]);
    const [first, second] = S.axesOf(s, shared);
    const line = S.fuse(s, shared, first as never, second as never);
    const [, threads] = S.split(s, shared, line, { factor: block * block });
    const [y, x] = S.split(s, shared, threads, { factor: block });
    S.bind(s, shared, y as never, "threadIdx.y");
    S.bind(s, shared, x as never, "threadIdx.x");
    S.computeAt(s, shared, local, outer);
    const own = S.cacheRead(s, shared, "local", [local]);
    S.computeAt(s, own, local, inner);
  }
  return s;
}

const sizes = fc.record({
  m: fc.integer({ min: 1, max: 9 }),
  n: fc.integer({ min: 1, max: 9 }),
  k: fc.integer({ min: 1, max: 9 }),
  block: fc.integer({ min: 1, max: 4 }),
  step: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(1000),
});

/** A product whose operand is in shared memory and not yet spread over the threads. */
function halfBound() {
  const A = placeholder([6, 5], { name: "A" });
  const r = reduceAxis(5, "r");
  const C = compute([6], (i) => sum(read(A, i, r), [r]), { name: "C" });
  const s = S.createSchedule(C);
  const local = S.cacheWrite(s, C, "local");
  const [block, thread] = S.split(s, C, "i", { factor: 4 });
  S.bind(s, C, block, "blockIdx.x");
  S.bind(s, C, thread, "threadIdx.x");
  S.computeAt(s, local, C, thread);
  const [outer] = S.split(s, local, "r", { factor: 2 });
  const shared = S.cacheRead(s, A, "shared", [local]);
  return { s, shared, local, outer };
}

describe("shared memory that threads fill together", () => {
  it("lies outside of the threads, between barriers", () => {
    expect(print(S.toPrimFunc(tiledProduct({ m: 4, n: 4, k: 4, block: 2, step: 2 })))).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @C(A: float32[4, 4] @global align 64, B: float32[4, 4] @global align 64, C: float32[4, 4] @global align 64) {
        for i.outer: thread(blockIdx.y) in 0..2 {
          for j.outer: thread(blockIdx.x) in 0..2 {
            allocate A.shared: float32[2, 2] @shared align 64
            allocate B.shared: float32[2, 2] @shared align 64
            for i.inner: thread(threadIdx.y) in 0..2 {
              for j.inner: thread(threadIdx.x) in 0..2 {
                allocate C.local: float32[1, 1] @local align 64
                for i in 0..1 {
                  for j in 0..1 {
                    C.local[0, 0] = 0.0
                    for r.outer in 0..2 {
                      barrier @shared
                      for i0.outer in 0..1 {
                        for i1.outer in 0..1 {
                          A.shared[i.inner, j.inner] = A[i.outer * 2 + i.inner, r.outer * 2 + j.inner]
                        }
                      }
                      for i0.outer_1 in 0..1 {
                        for i1.outer_1 in 0..1 {
                          B.shared[i.inner, j.inner] = B[r.outer * 2 + i.inner, j.outer * 2 + j.inner]
                        }
                      }
                      barrier @shared
                      for r.inner in 0..2 {
                        C.local[0, 0] = C.local[0, 0] +[cr] A.shared[i.inner, r.inner] *[c] B.shared[r.inner, j.inner]
                      }
                    }
                  }
                }
                C[i.outer * 2 + i.inner, j.outer * 2 + j.inner] = C.local[0, 0]
              }
            }
          }
        }
      }
      "
    `);
  });

  it.each([
    ["tiles", tiledProduct],
    ["register tiles", registerTiles],
  ])("computes the product in any order of the threads: %s", (_, make) => {
    fc.assert(
      fc.property(sizes, ({ seed, ...tiles }) => {
        const schedule = make(tiles);
        const inputs = schedule.stages.filter(({ operation }) => operation.kind === "Placeholder");
        const memory = new Map(
          inputs.map(({ tensors: [tensor] }) => [tensor?.name ?? "", inputFor(tensor as Tensor, seed)]),
        );
        const [expected] = evaluateTensors(schedule.outputs, new Map(memory));
        const C = new Float32Array(tiles.m * tiles.n).fill(Number.NaN);
        interpret(S.toPrimFunc(schedule), Object.fromEntries([...memory, ["C", C]]), { seed });
        expect([...C]).toEqual([...(expected as Float32Array)]);
      }),
      { numRuns: 60 },
    );
  });

  it("is refused where a thread index around it is not spread over: SCH122", () => {
    const { s, shared, local, outer } = halfBound();
    expect(() => S.computeAt(s, shared, local, outer)).toThrow(
      /SCH122.*(\n.*)*bind one of its loops to threadIdx\.x first/,
    );
    S.bind(s, shared, "i0", "threadIdx.x");
    S.computeAt(s, shared, local, outer);
    expect(print(S.toPrimFunc(s))).toContain("barrier @shared");
  });

  it.each<[string, string, (given: ReturnType<typeof halfBound>) => void]>([
    [
      "in a pipelined loop",
      "SCH122",
      ({ s, local, outer, shared }) => S.softwarePipeline(s, local, outer, { stages: { [shared.name]: 0 } }),
    ],
    ["with two versions", "SCH122", ({ s, shared }) => S.doubleBuffer(s, shared)],
    ["in private memory", "SCH117", ({ s, shared }) => S.setScope(s, shared, "local")],
    ["rolled", "SCH168", ({ s, shared }) => S.rollingBuffer(s, shared, 1)],
  ])("is refused %s: %s", (_, code, change) => {
    const given = halfBound();
    S.bind(given.s, given.shared, "i0", "threadIdx.x");
    S.computeAt(given.s, given.shared, given.local, given.outer);
    const before = S.print(given.s);
    expect(() => change(given)).toThrow(code);
    expect(S.print(given.s)).toBe(before);
  });

  it("is refused inside of what threads compute together: SCH122", () => {
    const { s, shared, local, outer } = halfBound();
    const [first] = S.split(s, shared, "i0", { factor: 2 });
    S.bind(s, shared, first, "threadIdx.x");
    S.computeAt(s, shared, local, outer);
    const [A] = s.stages.flatMap(({ operation, tensors }) => (operation.kind === "Placeholder" ? tensors : []));
    const other = S.cacheRead(s, A as Tensor, "shared", [shared]);
    S.bind(s, other, "i0", "threadIdx.x");
    expect(() => S.computeAt(s, other, shared, first)).toThrow("SCH122");
  });
});
