import {
  computeAt, createSchedule, decomposeReduction, doubleBuffer, reorder, rfactor, rollingBuffer, type Schedule, softwarePipeline, split, tensorIntrinsic, tensorize, tile,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { add, compute, maximum, placeholder, read, scan, sub } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { explain, renderText, ZEN3_NATIVE } from "../src/index.js";
import { blurs, product } from "./kernels.js";

const ONE_CORE = { ...ZEN3_NATIVE, cores: 1 };

describe("primitives beyond loops", () => {
  it("a tensorized product does the work of its meaning, on the regions of its operands", () => {
    const n = 64;
    const { C } = product(n);
    const s = createSchedule(C);
    const [, , inner] = tile(s, C, "i", "j", { factors: [4, 8] });
    reorder(s, C, [inner as never, "j.inner", "k"]);
    decomposeReduction(s, C, "i.inner");
    tensorize(s, C, "i.inner", tensorIntrinsic("gemm4x8", product(4, 8, n).C, { accumulate: true }));
    const { stages, notes } = explain(s, ONE_CORE);
    const [stage] = stages;
    expect(stage?.work).toMatchObject({ flops: 2 * n ** 3, multiplyAdds: n ** 3 });
    expect(stage?.computed.factor).toBe(1);
    expect(stage?.vectorization).toMatchObject({ isVectorized: true, intrinsic: "gemm4x8", elementsPerInstruction: 8 });
    // Each of 128 tiles reads four rows of A and eight columns of B, and reads and writes its part of C; the initialisation writes C too.
    const [first] = stage?.traffic ?? [];
    const bytes = Object.fromEntries(first?.buffers.map(({ buffer, ...moved }) => [buffer, moved]) ?? []);
    expect(bytes.A).toEqual({ read: 128 * 4 * n * 4, written: 0 });
    expect(bytes.B).toEqual({ read: 128 * 8 * n * 4, written: 0 });
    expect(bytes.C).toEqual({ read: 4 * n * n, written: 2 * 4 * n * n });
    expect(notes).toEqual(["the intrinsic `gemm4x8` is taken to fill the registers"]);
  });

  const schedules: { readonly [name: string]: () => Schedule } = {
    rfactor: () => {
      const { C } = product(64);
      const s = createSchedule(C);
      rfactor(s, C, split(s, C, "k", { factor: 8 })[0]);
      return s;
    },
    "double buffer": () => {
      const s = blurs(64, "i");
      doubleBuffer(s, "H");
      return s;
    },
    "rolling buffer": () => {
      const s = blurs(64, "i");
      rollingBuffer(s, "H", 0);
      return s;
    },
    pipeline: () => {
      const A = placeholder([64, 32], { name: "A" });
      const B = compute([64, 32], (i, j) => add(read(A, i, j), 1), { name: "B" });
      const C = compute([64, 32], (i, j) => add(read(B, i, j), 2), { name: "C" });
      const s = createSchedule(C);
      computeAt(s, B, C, "i");
      softwarePipeline(s, C, "i", { stages: { B: 0, C: 1 } });
      return s;
    },
    scan: () => {
      const X = placeholder([16, 8], { name: "X" });
      const state = placeholder([16, 8], { name: "state" });
      const first = compute([1, 8], (_, j) => read(X, 0, j), { name: "first" });
      const next = compute([16, 8], (t, j) => add(read(state, maximum(sub(t, 1), 0), j), read(X, t, j)), {
        name: "next",
      });
      return createSchedule(scan({ name: "sums", initial: [first], states: [state], update: [next] }));
    },
  };

  it.each(Object.keys(schedules))("%s has an explanation", (name) => {
    const explanation = explain((schedules[name] as () => Schedule)(), ZEN3_NATIVE);
    const text = renderText(explanation);
    expect(text).not.toMatch(/NaN|undefined|Infinity/);
    for (const { computed } of explanation.stages) expect(computed.factor).toBeGreaterThan(0);
    expect(explanation.total.work.flops).toBeGreaterThan(0);
  });

  it("a rolling buffer computes each element once, where the same without it computes most of them three times", () => {
    const factorOf = (schedule: Schedule) =>
      explain(schedule, ZEN3_NATIVE).stages.find(({ name }) => name === "H")?.computed.factor;
    expect(factorOf((schedules["rolling buffer"] as () => Schedule)())).toBe(1);
    expect(factorOf(blurs(64, "i"))).toBeCloseTo((64 * 3) / 66, 10);
  });
});
