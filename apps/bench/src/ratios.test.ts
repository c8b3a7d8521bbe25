import { expect, it } from "vitest";
import { ratiosOf, ratioText } from "./ratios.js";

const line = (contender: string, threads: number, timesOurs?: number) => ({
  suite: "gemm", workload: "w", contender, threads, medianMs: 1, ...(timesOurs === undefined ? {} : { timesOurs }),
}); // biome-ignore format: one line

it("gives the geometric mean and the least for each peer and number of threads", () => {
  const ratios = ratiosOf([
    line("ours", 1),
    line("peer", 1, 4),
    line("peer", 2, 3),
    line("other", 1, 0.5),
    line("peer", 1, 1),
  ]);
  expect(
    ratios.map(({ peer, threads, workloads, geometricMean, least }) => [
      peer,
      threads,
      workloads,
      geometricMean,
      least,
    ]),
  ).toEqual([
    ["peer", 1, 2, 2, 1],
    ["peer", 2, 1, expect.closeTo(3), 3],
    ["other", 1, 1, 0.5, 0.5],
  ]);
  expect(ratios.map(ratioText)).toEqual([
    "gemm: 2 workloads against peer: 2.00 times as fast in geometric mean, 1.00 at least",
    "gemm: 1 workload against peer on 2 threads: 3.00 times as fast in geometric mean, 3.00 at least",
    "gemm: 1 workload against other: 0.50 times as fast in geometric mean, 0.50 at least",
  ]);
});
