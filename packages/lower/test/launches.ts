// A target with launches, and the law of every pass in every order of threads.
import { type Capabilities, toCapabilities } from "@tilewright/backend";
import { compareMemory, copyMemory, inputsFor } from "@tilewright/backend-test";
import { InternalError } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { expect } from "vitest";
import { lower } from "../src/lower.js";

export const GPU: Capabilities = toCapabilities({
  dtypes: { float32: "stable", float64: "stable", int32: "stable", uint8: "stable", bool: "stable" },
  loopKinds: { thread: "stable" },
  memory: { global: { maxBytes: null }, shared: { maxBytes: 49_152 }, local: { maxBytes: null } },
  launch: {
    maxBlocks: [65_535, 65_535, 65_535],
    maxThreads: [1_024, 1_024, 64],
    maxThreadsPerBlock: 1_024,
    subgroupThreads: 32,
  },
  atomics: { int32: "stable", uint8: "stable", float64: "stable" },
  barriers: { shared: "stable", global: "stable" },
});

const ORDERS = [0, 1, 2];

/**
 * Lowers; checks the grammar after every pass, and that the first function still means the same: in several orders of threads, without
 * races, and, unless `uninitialised` says that nothing depends on it, with no read of what nothing wrote.
 */
export function expectSameLaunches(
  module: IRModule,
  capabilities: Capabilities = GPU,
  uninitialised: "error" | "poison" = "error",
): IRModule {
  const [func] = module.functions;
  if (func === undefined) throw new InternalError("a module without functions");
  const memory = inputsFor(func);
  const expected = copyMemory(memory);
  interpret(module, expected, { entry: func.name, uninitialised });
  const differenceIn = (after: IRModule, seed: number): string | null => {
    const copy = copyMemory(memory);
    try {
      interpret(after, copy, { entry: func.name, seed, uninitialised });
    } catch (error) {
      return String(error);
    }
    return compareMemory(expected, copy);
  };
  const { module: lowered } = lower(module, {
    capabilities,
    verify: true,
    onPass(name, after, changed) {
      if (!changed) return;
      for (const seed of ORDERS) {
        const difference = differenceIn(after, seed);
        expect(difference, `after ${name}, seed ${seed}:\n${difference === null ? "" : print(after)}`).toBeNull();
      }
    },
  });
  return lowered;
}
