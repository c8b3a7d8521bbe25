import { describe, expect, it } from "vitest";
import { medianMilliseconds, table } from "./measurement.js";

describe("medianMilliseconds", () => {
  it("gives the middle of the timed runs and leaves the warm-up out", async () => {
    const durations = [1000, 1000, 5, 1, 9];
    let clock = 0;
    let runs = 0;
    const run = (): void => {
      clock += durations[runs++] ?? Number.NaN;
    };
    expect(await medianMilliseconds(run, { repetitions: 3, warmUps: 2 }, () => clock)).toBe(5);
    expect(runs).toBe(5);
  });
});

describe("table", () => {
  it("shows the columns that any line has", () => {
    const line = { suite: "gemm", workload: "8x8x8", contender: "tilewright", threads: 1, medianMs: 0.5 };
    const lines = table([
      { ...line, gflops: 2.04812 },
      { ...line, workload: "16x16x16" },
    ]).split("\n");
    expect(lines).toEqual([
      "suite  workload  contender   threads  medianMs  gflops",
      "gemm   8x8x8     tilewright  1        0.5000    2.048",
      "gemm   16x16x16  tilewright  1        0.5000",
    ]);
  });
});
