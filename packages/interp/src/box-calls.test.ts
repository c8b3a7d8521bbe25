import { isCompileError } from "@tilewright/diagnostics";
import type { IRModule, PrimFunc } from "@tilewright/ir";
import { parseFunctionText, parseModuleText } from "@tilewright/ir/text";
import { describe, expect, it } from "vitest";
import { interpret } from "./index.js";

const copy = (strides = ""): string =>
  `prim_func @copy(a: float32[2, 3]${strides} @global align 4, b: float32[2, 3] @global align 4) {
  for i in 0..2 {
    for j in 0..3 {
      b[i, j] = a[i, j]
    }
  }
}`;
const meaning = parseFunctionText(`// tilewright-ir 1\n${copy()}`);
const main = (from: string): string =>
  `prim_func @main(x: float32[4, 5] @global align 64, y: float32[2, 3] @global align 64) {\n  call @copy(&x[${from}], &y[0..2, 0..3])\n}`;

function run(module: IRModule | PrimFunc, intrinsics: { readonly [name: string]: PrimFunc } = {}): number[] | string {
  const y = new Float32Array(6);
  try {
    interpret(module, { x: Float32Array.from({ length: 20 }, (_, i) => i), y }, { entry: "main", intrinsics });
    return [...y];
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
}
const moduleOf = (...functions: readonly string[]): IRModule =>
  parseModuleText(`// tilewright-ir 1\nmodule\n${functions.join("\n")}`);

describe("a box of memory as an operand", () => {
  it("is seen by the meaning of an intrinsic with the strides around it", () => {
    expect(run(moduleOf(main("1..+2, 2..+3")), { copy: meaning })).toEqual([7, 8, 9, 12, 13, 14]);
    expect(run(moduleOf(main("0..+2, 0..+3")), { copy: meaning })).toEqual([0, 1, 2, 5, 6, 7]);
  });

  it("has the shape of the parameter and lies in its memory", () => {
    expect(run(moduleOf(main("1..+3, 2..+2")), { copy: meaning })).toBe("IP205");
    expect(run(moduleOf(main("1..+2, 3..+3")), { copy: meaning })).toBe("IP301");
    expect(run(moduleOf(main("1..+2, 2..+3")))).toBe("IP204");
  });

  it("goes to a function whose parameter declares these strides, and to no other", () => {
    expect(run(moduleOf(main("1..+2, 2..+3"), copy(" strides [5, 1]")))).toEqual([7, 8, 9, 12, 13, 14]);
    expect(run(moduleOf(main("1..+2, 2..+3"), copy()))).toBe("IP205");
    expect(run(moduleOf(main("1..+2, 2..+3"), copy(" strides [4, 1]")))).toBe("IP205");
  });
});
