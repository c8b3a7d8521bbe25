import { interpret } from "@tilewright/interp";
import { DTYPES } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryPrimFunc, compareMemory, copyMemory, inputsFor } from "./index.js";

const kinds = {
  serial: {},
  parallel: { loopKinds: ["serial", "parallel"] },
  vectorized: { loopKinds: ["serial", "vectorized", "unrolled"] },
  vectors: { vectorLanes: [4, 2], vectorBytes: 16 },
  flat: { maxRank: 1 },
  "every type": { dtypes: DTYPES.filter((dtype) => dtype !== "index") },
} as const;

describe("arbitraryPrimFunc", () => {
  it.each(Object.entries(kinds))("makes well-formed functions whose result no schedule changes: %s", (_, options) => {
    fc.assert(
      fc.property(arbitraryPrimFunc(options), (func) => {
        expect(verify(func, "scheduled")).toEqual([]);
        const memory = inputsFor(func);
        const results = [0, 1, 2].map((seed) => {
          const copy = copyMemory(memory);
          interpret(func, copy, { seed, uninitialised: "error" });
          return copy;
        });
        for (const result of results) expect(compareMemory(results[0] as typeof memory, result)).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it("makes functions of many shapes, not only trivial ones", () => {
    const texts = fc
      .sample(arbitraryPrimFunc({ loopKinds: ["serial", "parallel"] }), { numRuns: 200, seed: 7 })
      .map((func) => print(func));
    for (const word of ["parallel", "for", "if", "let", "allocate"]) {
      expect(texts.filter((text) => text.includes(word)).length, word).toBeGreaterThan(20);
    }
  });
});
