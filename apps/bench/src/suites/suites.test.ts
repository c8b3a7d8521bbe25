import { visit } from "@tilewright/ir";
import { findTarget } from "tilewright";
import { describe, expect, it } from "vitest";
import { SUITES } from "../options.js";
import { randomArray } from "../random-array.js";
import { WrongResult } from "../suite.js";
import { checkProduct } from "./gemm.js";
import { unrolledConvolution } from "./rewrite.js";

describe("checkProduct", () => {
  const size = 3;
  const a = randomArray(9, 1);
  const b = randomArray(9, 2);
  const product = Float32Array.from({ length: 9 }, (_, at) => {
    const [i, j] = [Math.floor(at / 3), at % 3];
    return [0, 1, 2].reduce((sum, k) => sum + (a[i * 3 + k] ?? 0) * (b[k * 3 + j] ?? 0), 0);
  });

  it("accepts the product", () => {
    expect(() => checkProduct(size, a, b, product)).not.toThrow();
  });

  it.each([1e-3, Number.NaN])("refuses one that is off by %d in one place", (error) => {
    const wrong = product.slice();
    wrong[5] = (wrong[5] ?? 0) + error;
    expect(() => checkProduct(size, a, b, wrong)).toThrow(WrongResult);
  });
});

describe("unrolledConvolution", () => {
  it.each([100, 1000, 20_000])("of size %i has that many nodes, and at most one more row", (size) => {
    let nodes = 0;
    visit(unrolledConvolution(size), { enter: () => void nodes++ });
    expect(nodes).toBeGreaterThanOrEqual(size);
    expect(nodes).toBeLessThan(size + 150);
  });
});

describe("every suite", () => {
  const small: Readonly<Record<string, number>> = {
    gemm: 24,
    mlp: 8,
    elementwise: 20,
    compile: 16,
    rewrite: 500,
    schedule: 8,
  };

  it.each(SUITES)("$name gives figures for each size, after it checked its results", async (suite) => {
    const found = await findTarget("wasm");
    const measurements = await suite.run({ found, threads: 1, sizes: [small[suite.name] ?? 8], repetitions: 7 });
    expect(measurements.length).toBeGreaterThan(0);
    for (const each of measurements) {
      expect(each).toMatchObject({ suite: suite.name, contender: "tilewright", threads: 1 });
      expect(each.medianMs).toBeGreaterThan(0);
    }
  });
});
