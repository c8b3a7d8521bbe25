import { evaluateTensors, type TypedArray } from "@tilewright/interp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arbitraryTensorProgram, inputsForTensors } from "./index.js";

describe("arbitraryTensorProgram", () => {
  it("makes programs that evaluate to the same integers in single and double precision", () => {
    fc.assert(
      fc.property(arbitraryTensorProgram(), (program) => {
        const inputs = inputsForTensors(program.inputs);
        const single = evaluateTensors(program.outputs, inputs);
        const double = evaluateTensors(program.outputs, inputs, { float64: true });
        single.forEach((array: TypedArray, k) => {
          expect([...array]).toEqual([...(double[k] as TypedArray)]);
          for (const value of array) expect(Number.isInteger(value)).toBe(true);
        });
      }),
      { numRuns: 200 },
    );
  });

  it("has reductions, several consumers and several outputs among its programs", () => {
    const programs = fc.sample(arbitraryTensorProgram(), { numRuns: 300, seed: 3 });
    const bodies = programs.flatMap(({ tensors }) => tensors.map(({ operation }) => operation));
    const reductions = bodies.filter((each) => each.kind === "Compute" && each.bodies[0]?.kind === "Reduce");
    expect(reductions.length).toBeGreaterThan(50);
    expect(programs.filter(({ outputs }) => outputs.length > 1).length).toBeGreaterThan(20);
  });
});
