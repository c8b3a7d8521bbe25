import type { Tensor } from "@tilewright/ir";
import {
  cacheWrite,
  computeAt,
  createSchedule,
  parallel,
  reorder,
  type Schedule,
  split,
  unroll,
  vectorize,
} from "@tilewright/schedule";
import { add, compute, floordiv, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { explain, ZEN3_NATIVE } from "../src/index.js";
import { blurs, product, tiled, tiledTranspose } from "./kernels.js";

const codesOf = (schedule: Schedule): readonly string[] =>
  explain(schedule, ZEN3_NATIVE).warnings.map(({ code }) => code);

function increment(n: number, change: (s: Schedule, B: Tensor) => void): Schedule {
  const A = placeholder([n], { name: "A" });
  const B = compute([n], (i) => add(read(A, i), 1), { name: "B" });
  const s = createSchedule(B);
  change(s, B);
  return s;
}

function vectorOver(at: "contiguous" | "strided" | "gathered"): Schedule {
  const A = placeholder([64, 64], { name: "A" });
  const B = compute(
    [64, 64],
    (i, j) => read(A, ...(at === "contiguous" ? [i, j] : at === "strided" ? [j, i] : [i, floordiv(j, 2)])),
    { name: "B" },
  );
  const s = createSchedule(B);
  vectorize(s, B, "j");
  return s;
}

function localTile(side: number): Schedule {
  const { C } = product(64);
  const s = createSchedule(C);
  const sums = cacheWrite(s, C, "local");
  const [io, ii] = split(s, C, "i", { factor: side });
  const [jo, ji] = split(s, C, "j", { factor: side });
  reorder(s, C, [io, jo, ii, ji]);
  computeAt(s, sums, C, jo);
  return s;
}

/** What is slow, and the same done well. */
const CASES: readonly (readonly [code: string, slow: () => Schedule, fast: () => Schedule])[] = [
  ["EXP001", () => vectorOver("gathered"), () => vectorOver("contiguous")],
  ["EXP002", () => vectorOver("strided"), () => vectorOver("contiguous")],
  ["EXP003", () => increment(1000, (s, B) => unroll(s, B, "i")), () => increment(100, (s, B) => unroll(s, B, "i"))],
  [
    "EXP004",
    () => increment(100, (s, B) => vectorize(s, B, split(s, B, "i", { factor: 8 })[1])),
    () => increment(96, (s, B) => vectorize(s, B, split(s, B, "i", { factor: 8 })[1])),
  ],
  ["EXP005", () => increment(12, (s, B) => vectorize(s, B, "i")), () => increment(16, (s, B) => vectorize(s, B, "i"))],
  [
    "EXP006",
    () => increment(100, (s, B) => parallel(s, B, "i")),
    () => increment(1 << 22, (s, B) => parallel(s, B, "i")),
  ],
  [
    "EXP007",
    () => increment(3 << 20, (s, B) => parallel(s, B, split(s, B, "i", { parts: 1 })[0])),
    () => increment(3 << 20, (s, B) => parallel(s, B, split(s, B, "i", { parts: 4 })[0])),
  ],
  ["EXP008", () => localTile(32), () => localTile(4)],
  ["EXP009", () => blurs(64, "j"), () => blurs(64, null)],
  [
    "EXP010",
    () => increment(100, (s, B) => void split(s, B, "i", { factor: 64, tail: "shift" })),
    () => increment(128, (s, B) => void split(s, B, "i", { factor: 64, tail: "shift" })),
  ],
  ["EXP011", () => tiledTranspose(1024, 16), () => tiledTranspose(1000, 16)],
];

describe("warnings", () => {
  it.each(CASES)("%s is raised by what is slow, and not by what is not", (code, slow, fast) => {
    expect(codesOf(slow())).toContain(code);
    expect(codesOf(fast())).not.toContain(code);
  });

  it("say where, what was expected and what to do, and are warnings", () => {
    for (const [, slow] of CASES)
      for (const warning of explain(slow(), ZEN3_NATIVE).warnings) {
        expect(warning.severity).toBe("warning");
        expect(warning.span.line).toBeGreaterThan(0);
        expect(warning.hint).not.toBe("");
        expect(warning.expected).not.toBe("");
      }
  });

  it("come once each, however many loops and stages repeat them", () => {
    const messages = explain(tiled(50, 8), ZEN3_NATIVE).warnings.map(({ code, message }) => `${code} ${message}`);
    expect(new Set(messages).size).toBe(messages.length);
  });

  it("name the factor by which a stage is computed again", () => {
    const found = explain(blurs(64, "j"), ZEN3_NATIVE).warnings.find(({ code }) => code === "EXP009");
    expect(found?.message).toBe("`H` computes each of its elements 2.91 times on average");
    expect(found?.actual).toBe("11904 points for 4092");
  });
});
