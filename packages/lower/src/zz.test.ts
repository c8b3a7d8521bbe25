import {
  arbitraryPrimFunc,
  compareMemory,
  copyMemory,
  inputsFor,
  type PrimFuncOptions,
} from "@tilewright/backend-test";
import { NO_SPAN } from "@tilewright/diagnostics";
import { interpret } from "@tilewright/interp";
import type { IRModule } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { verify } from "@tilewright/ir/verify";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SCALAR, SIMD128 } from "../test/gemm.js";
import { lower } from "./lower.js";

const kinds: { readonly [name: string]: PrimFuncOptions } = {
  serial: {},
  parallel: { loopKinds: ["serial", "parallel"] },
  "vectorized and unrolled": { loopKinds: ["serial", "vectorized", "unrolled"] },
  vectors: { vectorLanes: [8, 4, 2], loopKinds: ["serial"] },
  "every kind of loop": {
    loopKinds: ["serial", "parallel", "vectorized", "unrolled"],
    dtypes: ["float32", "int32", "float64", "int8"],
  },
};
const targets = {
  "128-bit vectors": SIMD128,
  "256-bit vectors": { ...SIMD128, vector: { bytes: 32, registers: 16, predicated: false } },
  scalars: SCALAR,
};

describe("lowering random functions", () => {
  for (const [target, capabilities] of Object.entries(targets)) {
    it.each(Object.entries(kinds))(`keeps meaning and grammar pass by pass, for ${target}: %s`, (_, options) => {
      fc.assert(
        fc.property(arbitraryPrimFunc(options), (func) => {
          const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
          const memory = inputsFor(func);
          const expected = copyMemory(memory);
          interpret(module, expected);
          const check = (name: string, after: IRModule): void => {
            const copy = copyMemory(memory);
            interpret(after, copy, { entry: func.name });
            const difference = compareMemory(expected, copy);
            expect(difference, `after ${name}:\n${difference === null ? "" : print(after)}`).toBeNull();
          };
          const { module: lowered } = lower(module, {
            capabilities,
            verify: true,
            onPass: (name, after, changed) => changed && check(name, after),
          });
          expect(verify(lowered, "device")).toEqual([]);
        }),
        { numRuns: 1200 },
      );
    });
  }
});
