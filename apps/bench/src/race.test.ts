import { describe, expect, it } from "vitest";
import type { Contender } from "./contender.js";
import { gemm } from "./problems/gemm.js";
import { factsOf } from "./problems/problem.js";
import { race } from "./race.js";
import { WrongResult } from "./suite.js";

const problem = gemm(1, 1, 1);
const product = factsOf(problem).exactAt(0).value;
const options = { suite: "gemm", repetitions: 7 };

/** Somebody who says that a run takes that long. */
function saying(
  name: string,
  milliseconds: number,
  result: number,
  { closed = [], threads = 1 }: { readonly closed?: string[]; readonly threads?: number } = {},
): Contender {
  return {
    name,
    threads,
    prepare: async () => ({
      run: async (times) => times * milliseconds,
      result: async () => new Float32Array([result]),
      close: async () => void closed.push(name),
    }),
    close: async () => {},
  };
}

describe("race", () => {
  it("gives medians, and ratios to the first and to the yardstick", async () => {
    const none: Contender = { name: "none", threads: 1, prepare: async () => null, close: async () => {} };
    const yardstick = { work: 8, run: async (times: number) => times * 2, close: async () => {} };
    const lines = await race(problem, [saying("ours", 1, product), none, saying("peer", 4, product)], {
      ...options,
      yardstick,
    });
    const line = { suite: "gemm", workload: "1x1x1", threads: 1 };
    expect(lines).toEqual([
      { ...line, contender: "ours", medianMs: 1, gflops: 2e-6, ratioToPeak: 0.5 },
      { ...line, contender: "peer", medianMs: 4, gflops: 0.5e-6, ratioToPeak: 0.125, timesOurs: 4 },
    ]);
  });

  it("times nobody when a result is wrong, and closes who was prepared", async () => {
    const closed: string[] = [];
    const contenders = [saying("ours", 1, product, { closed }), saying("peer", 4, product + 1e-3, { closed })];
    await expect(race(problem, contenders, options)).rejects.toThrow(WrongResult);
    expect(closed).toEqual(["ours", "peer"]);
  });

  it("compares with ours on as many threads, and threads with the first", async () => {
    const contenders = [
      saying("ours", 8, product),
      saying("ours", 5, product, { threads: 2 }),
      saying("peer", 24, product),
      saying("peer", 20, product, { threads: 2 }),
      saying("peer", 18, product, { threads: 4 }),
    ];
    const lines = await race(problem, contenders, options);
    expect(lines.map(({ threads, timesOurs, speedUp }) => [threads, timesOurs, speedUp])).toEqual([
      [1, undefined, undefined],
      [2, undefined, 1.6],
      [1, 3, undefined],
      [2, 4, 1.2],
      [4, undefined, 24 / 18],
    ]);
  });
});
