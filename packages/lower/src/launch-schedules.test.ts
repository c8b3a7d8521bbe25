import { NO_SPAN } from "@tilewright/diagnostics";
import type { ThreadTag } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { expectSameLaunches, GPU } from "../test/launches.js";
import { launchOf } from "./launch.js";

describe("schedules with `bind`", () => {
  const launched = (schedule: S.Schedule, uninitialised: "error" | "poison" = "error") =>
    expectSameLaunches(
      { kind: "IRModule", span: NO_SPAN, functions: [S.toPrimFunc(schedule)], attributes: {} },
      GPU,
      uninitialised,
    ).functions.flatMap((func) => launchOf(func) ?? []);
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
