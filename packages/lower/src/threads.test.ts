import {
  arbitraryThreadFunc,
  compareMemory,
  copyMemory,
  inputsFor,
  type ThreadFuncOptions,
} from "@tilewright/backend-test";
import { NO_SPAN } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128 } from "../test/gemm.js";
import { GPU } from "../test/launches.js";
import { launchOf } from "./launch.js";
import { lower } from "./lower.js";

const kinds: { readonly [name: string]: ThreadFuncOptions } = {
  "loops over threads": { shared: false },
  "shared memory and barriers": {},
  "other types and loops": {
    dtypes: ["float64", "int32", "uint8", "bool"],
    loopKinds: ["serial", "vectorized", "unrolled"],
    atomics: ["int32", "uint8", "float64"],
  },
};
const targets = {
  "no launches": { ...SCALAR, loopKinds: { thread: "stable" as const } },
  "no launches, vectors": { ...SIMD128, loopKinds: { thread: "stable" as const }, threads: 1 },
  launches: GPU,
  "launches and vectors": { ...GPU, vector: { bytes: 16, registers: 16, predicated: false } },
};
const SEEDS = [0, 1, 2];
const numRuns = Number(process.env.RUNS ?? 60);

/** Compares the meaning after every pass, in several orders of threads, with the meaning before. */
function expectSame(func: PrimFunc, capabilities: typeof GPU): IRModule {
  const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
  const memory = inputsFor(func);
  const expected = copyMemory(memory);
  interpret(module, expected);
  const check = (name: string, after: IRModule): void => {
    for (const seed of SEEDS) {
      const copy = copyMemory(memory);
      try {
        interpret(after, copy, { entry: func.name, seed, uninitialised: "error" });
      } catch (error) {
        throw new Error(`after ${name}, seed ${seed}:\n${print(after)}`, { cause: error });
      }
      const difference = compareMemory(expected, copy);
      expect(difference, `after ${name}, seed ${seed}:\n${difference === null ? "" : print(after)}`).toBeNull();
    }
  };
  const { module: lowered } = lower(module, {
    capabilities,
    verify: true,
    onPass: (name, after, changed) => changed && check(name, after),
  });
  return lowered;
}

describe("lowering random functions with threads", () => {
  for (const [target, capabilities] of Object.entries(targets)) {
    it.each(Object.entries(kinds))(`keeps meaning and grammar pass by pass, for ${target}: %s`, (_, options) => {
      fc.assert(
        fc.property(arbitraryThreadFunc(options), (func) => {
          const lowered = expectSame(func, capabilities);
          expect(verify(lowered, "device")).toEqual([]);
          if (capabilities.launch === null) return;
          const [host, ...kernels] = lowered.functions;
          expect(host?.role).toBe("host");
          for (const kernel of kernels) expect(launchOf(kernel)?.kernel).toBe(kernel.name);
        }),
        { numRuns },
      );
    });
  }
});
