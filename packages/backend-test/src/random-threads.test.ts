import { interpret } from "@tilewright/interp";
import { print } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryThreadFunc, compareMemory, copyMemory, inputsFor } from "./index.js";

const kinds = {
  "loops over threads": { shared: false },
  "shared memory and barriers": {},
  "other types and loops": {
    dtypes: ["float64", "int32", "uint8", "bool"],
    loopKinds: ["serial", "vectorized", "unrolled"],
    atomics: ["int32", "uint8", "float64"],
  },
} as const;

describe("arbitraryThreadFunc", () => {
  it.each(Object.entries(kinds))("makes clean functions whose result no order of threads changes: %s", (_, options) => {
    fc.assert(
      fc.property(arbitraryThreadFunc(options), (func) => {
        expect(verify(func, "scheduled")).toEqual([]);
        const memory = inputsFor(func);
        const results = [0, 1, 2, 3].map((seed) => {
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
    const texts = fc.sample(arbitraryThreadFunc(), { numRuns: 300, seed: 7 }).map((func) => print(func));
    const words = [
      "blockIdx.x",
      "blockIdx.z",
      "threadIdx.y",
      "barrier",
      "atomic",
      "while",
      "@shared",
      "guard",
      "register",
    ];
    for (const word of words) expect(texts.filter((text) => text.includes(word)).length, word).toBeGreaterThan(20);
    const several = texts.filter((text) => (text.match(/threadIdx.x/g) ?? []).length > 1);
    expect(several.length).toBeGreaterThan(40);
  });
});
