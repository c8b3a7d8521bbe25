import { describe, expect, it } from "vitest";
import { dimensionsOfBox, withParameters } from "./box.js";
import { structuralEqual } from "./equal.js";
import { parseFunctionText, print } from "./text.js";

describe("a box seen as a parameter", () => {
  it.each([
    [
      [4, 8],
      [4, 8],
      [0, 1],
    ],
    [
      [4, 8],
      [1, 4, 8],
      [1, 2],
    ],
    [
      [4, 8],
      [4, 1, 8, 1],
      [0, 2],
    ],
    [
      [1, 8],
      [1, 1, 8],
      [1, 2],
    ],
    [[], [1, 1], []],
    [[4, 8], [8, 4], null],
    [[4, 8], [2, 4, 8], null],
    [[1, 4, 8], [4, 8], null],
    [[8], [1, 2], null],
  ])("%j of %j", (shape, extents, dimensions) => {
    expect(dimensionsOfBox(shape, extents)).toEqual(dimensions);
  });
});

describe("withParameters", () => {
  it("gives new parameters, everywhere, and new binders", () => {
    const func = parseFunctionText(`// tilewright-ir 1
prim_func @f(x: float32[4] @global align 16, y: float32[4] @global align 16, n: index) {
  for i in 0..4 {
    y[i] = x[i] + 1.0
  }
}`);
    const same = withParameters(func, (parameter) => parameter);
    expect(structuralEqual(same, func)).toBe(true);
    expect(same.parameters[0]).not.toBe(func.parameters[0]);
    expect(same.parameters[2]).toBe(func.parameters[2]);
    const aligned = withParameters(func, (parameter) => ({ ...parameter, alignment: 64 }));
    expect(print(aligned)).toContain("x: float32[4] @global align 64");
    expect(structuralEqual(aligned, func)).toBe(false);
  });
});
