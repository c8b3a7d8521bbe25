import { isCompileError } from "@tilewright/diagnostics";
import type { PrimFunc } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/index.js";
import { expected, gpuGemm, newMemory } from "./gpu-gemm.js";

const SEEDS = [0, 1, 2, 3];

function codeOf(func: PrimFunc, seed: number): string | null {
  try {
    interpret(func, newMemory(), { seed });
    return null;
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
}

describe("a tiled GPU matrix multiplication, as loop IR", () => {
  it("is well-formed and multiplies matrices whose sizes the tiles do not divide, in every order of threads", () => {
    expect(verify(gpuGemm(), "scheduled")).toEqual([]);
    for (const seed of SEEDS) {
      const memory = newMemory();
      interpret(gpuGemm(), memory, { seed, uninitialised: "error" });
      expect(memory.C).toEqual(expected());
    }
  });

  it.each([
    ["the first", [false, true]],
    ["the second", [true, false]],
    ["either", [false, false]],
  ] as const)("is a race without %s barrier", (_, barriers) => {
    for (const seed of SEEDS) expect(codeOf(gpuGemm({ barriers }), seed)).toBe("IP306");
  });

  it("is an error when threads wait at different barriers", () => {
    for (const seed of SEEDS) expect(codeOf(gpuGemm({ divergent: true }), seed)).toBe("IP307");
  });
});
