import {
  arbitraryPrimFunc,
  compareMemory,
  copyMemory,
  inputsFor,
  type PrimFuncOptions,
} from "@tilewright/backend-test";
import { interpret } from "@tilewright/interp";
import { DTYPES, type DType, type PrimFunc } from "@tilewright/ir";
import { print } from "@tilewright/ir/text";
import { lower } from "@tilewright/lower";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instantiate, moduleOf } from "../test/run-module.js";
import { wasm } from "./index.js";

const held: readonly DType[] = DTYPES.filter((dtype) => dtype !== "index" && !/int[24]$/.test(dtype));
const half: readonly DType[] = ["float16", "bfloat16", "float32", "int32"];

/** A batch compiles as one module: functions share helpers and tables. */
function batchOf(options: PrimFuncOptions): fc.Arbitrary<readonly PrimFunc[]> {
  return fc
    .array(arbitraryPrimFunc(options), { minLength: 1, maxLength: 8 })
    .map((functions) => functions.map((func, position) => ({ ...func, name: `f${position}` })));
}

function expectSame(
  functions: readonly PrimFunc[],
  compile: (functions: readonly PrimFunc[]) => ReturnType<typeof instantiate>,
): void {
  const { call } = compile(functions);
  for (const func of functions) {
    const expected = inputsFor(func);
    const actual = copyMemory(expected);
    interpret(func, expected, { detectRaces: false });
    call(func.name, actual);
    expect(compareMemory(expected, actual), print(func)).toBeNull();
  }
}

describe("a random function computes in WebAssembly what it means", () => {
  it.each<[string, PrimFuncOptions]>([
    ["scalars of two types", { maxRank: 1 }],
    ["every type", { maxRank: 1, dtypes: held }],
    ["half floats", { maxRank: 1, dtypes: half }],
    ["vectors of floats", { maxRank: 1, dtypes: ["float32", "int32"], vectorLanes: [4, 2] }],
    ["vectors of pairs", { maxRank: 1, dtypes: ["float64", "int64", "uint64"], vectorLanes: [2] }],
    [
      "vectors of small elements",
      { maxRank: 1, dtypes: ["int8", "uint8", "int16", "uint16", "bool", "float16"], vectorLanes: [8, 4, 2] },
    ],
  ])("as it stands: %s", (_, options) => {
    fc.assert(
      fc.property(batchOf(options), (functions) => {
        expectSame(functions, (all) => instantiate(wasm().compile(moduleOf(...all))));
      }),
      { numRuns: 60 },
    );
  });

  it.each<[string, PrimFuncOptions]>([
    ["serial loops", { maxRank: 3 }],
    ["vectorized and unrolled loops", { maxRank: 3, loopKinds: ["serial", "vectorized", "unrolled"] }],
    ["every type", { maxRank: 2, dtypes: held, loopKinds: ["serial", "vectorized"] }],
    ["parallel loops", { maxRank: 2, loopKinds: ["serial", "parallel", "vectorized"] }],
  ])("lowered: %s", (_, options) => {
    const backend = wasm();
    fc.assert(
      fc.property(batchOf(options), (functions) => {
        expectSame(functions, (all) => {
          const { module } = lower(moduleOf(...all), { capabilities: backend.capabilities });
          return instantiate(backend.compile(module));
        });
      }),
      { numRuns: 60 },
    );
  });
});
