import { fileURLToPath } from "node:url";
import { visit } from "@tilewright/ir";
import { findTarget } from "tilewright";
import { describe, expect, it } from "vitest";
import { SUITES } from "../options.js";
import { unrolledConvolution } from "./rewrite.js";

describe("unrolledConvolution", () => {
  it.each([100, 1000, 20_000])("of size %i has that many nodes, and at most one more row", (size) => {
    let nodes = 0;
    visit(unrolledConvolution(size), { enter: () => void nodes++ });
    expect(nodes).toBeGreaterThanOrEqual(size);
    expect(nodes).toBeLessThan(size + 150);
  });
});

const fresh = {
  file: fileURLToPath(new URL("../fresh.ts", import.meta.url)),
  execArgv: ["--import", import.meta.resolve("tsx"), "--conditions=@tilewright/source"],
};

describe("every suite", () => {
  const small: Readonly<Record<string, number>> = {
    gemm: 24,
    conv: 9,
    mlp: 8,
    epoch: 2,
    elementwise: 20,
    compile: 16,
    rewrite: 500,
    schedule: 8,
  };

  it.each(SUITES)("$name gives figures for each size, after it checked its results", async (suite) => {
    const found = await findTarget("wasm");
    const measurements = await suite.run({
      targets: [{ found, threads: 1 }],
      sizes: [[small[suite.name] ?? 8]],
      repetitions: 7,
      peers: [],
      fresh,
    });
    expect(measurements.length).toBeGreaterThan(0);
    for (const each of measurements) {
      expect(each).toMatchObject({ suite: suite.name, contender: "tilewright", threads: 1 });
      expect(each.medianMs).toBeGreaterThan(0);
    }
  });
});
