import { compile } from "@tilewright/compiler";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InterpretedModel, interpreted } from "./interpreted.js";
import { arrayFor, numbers, reference } from "./models.js";

type Step = (b: ops.GraphBuilder, x: Value, y: Value) => Value;

/** Steps on matrices that keep small numbers exact; most of them work row by row. */
const STEPS: readonly Step[] = [
  (b, x) => ops.sub(b, x, ops.reduceMax(b, x, { axes: [1], keepdims: true })),
  (b, x) => ops.mul(b, ops.add(b, x, ops.reduceSum(b, ops.relu(b, x), { axes: [1], keepdims: true })), 0.0625),
  (b, x, y) => ops.add(b, x, ops.reduceMax(b, y, { axes: [1], keepdims: true })),
  (b, x, y) => ops.sub(b, x, y),
  (b, x) => ops.relu(b, x),
  (b, x, y) => ops.reluGradient(b, x, y),
  (b, x) => ops.sub(b, x, ops.reduceMax(b, x, { axes: [0], keepdims: true })),
];

describe("folds of rows in one kernel", () => {
  it("compute what their graphs say", async () => {
    const some = fc.record({
      rows: fc.integer({ min: 7, max: 12 }),
      columns: fc.integer({ min: 1, max: 40 }),
      steps: fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat(9), fc.nat(9)), { minLength: 2, maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(some, async ({ rows, columns, steps }) => {
        const b = ops.graphBuilder("rows");
        const values = [b.input("x", "float32", [rows, columns])];
        for (const [step, left, right] of steps) {
          const [x, y] = [left, right].map((back) => values.at(-1 - (back % values.length)));
          values.push((STEPS[step] as Step)(b, x as Value, y as Value));
        }
        const model = b.finish([values.at(-1) as Value]);
        const { backend, modules } = interpreted();
        const { artifact } = await compile(model, { target: backend });
        const inputs = model.graph.inputs.map(arrayFor);
        const [module] = modules;
        if (module === undefined) throw new Error("nothing was compiled");
        expect(new InterpretedModel(artifact, module).run(inputs).map(numbers)).toEqual(
          reference(model, inputs, 1).outputs,
        );
      }),
      { numRuns: 150 },
    );
  });
});
