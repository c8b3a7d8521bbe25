import { assignmentCases, caseInputs, mismatch } from "@tilewright/backend-test";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { describe, expect, it } from "vitest";
import { InterpretedModel, interpreted } from "../test/interpreted.js";
import { compile } from "./index.js";

const CASES = assignmentCases("small").flatMap((each) =>
  (["auto", "none"] as const).map((schedule) => [each.name, schedule, each] as const),
);

describe("compiled operators of the assignment", () => {
  it.each(CASES)("%s, schedule %s", async (name, schedule, each) => {
    const b = ops.graphBuilder(name);
    const operator = ops.defaultOperators.get(ops.operatorKey(each.operator)) as ops.Operator;
    const values = each.inputs.map(({ shape }, k) => b.input(`x${k}`, "float32", shape));
    const y = b.apply(operator, values, each.attributes)[0] as Value;
    const { backend, modules } = interpreted();
    const { artifact, diagnostics } = await compile(b.finish([y]), { target: backend, schedule, verify: true });
    expect(diagnostics.filter(({ code }) => code === "CO201")).toEqual([]);
    const inputs = caseInputs(each);
    const [output] = new InterpretedModel(artifact, modules[0] as (typeof modules)[number]).run(inputs);
    const expected = each.reference(inputs.map((data) => Float64Array.from(data)));
    expect(mismatch(each, Array.from(output as Float32Array), expected)).toBeNull();
  });
});
