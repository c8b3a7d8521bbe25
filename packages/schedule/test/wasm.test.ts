import { wasm } from "@tilewright/codegen-wasm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryDraws, batchOf, type Draw, expectCase } from "./batch.js";
import { runCase } from "./run-wasm.js";

/** Schedules that are run, at least. */
const CASES = 1_000;

describe("what a random schedule computes is the same through codegen-wasm", () => {
  it.each([
    ["with vectors", true],
    ["with scalars", false],
  ])("%s", (_, simd) => {
    const backend = wasm({ simd });
    let cases = 0;
    const holds = (draws: readonly Draw[]): void => {
      if (cases >= CASES) return;
      const batch = batchOf(draws, backend);
      if (batch === null) return;
      for (const each of batch.cases) {
        expectCase(runCase(batch, each), each, batch.scheduled, backend);
        cases++;
      }
    };
    fc.assert(fc.property(arbitraryDraws(60), holds), { numRuns: 150 });
    expect(cases).toBeGreaterThanOrEqual(CASES);
  });
});
