import type { Device } from "@tilewright/artifact";
import type { Backend, Target } from "@tilewright/backend";
import { assignmentCases, caseInputs, mismatch, type OperatorCase } from "@tilewright/backend-test";
import type { Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { loadModel, type NDArray, ndarray } from "@tilewright/runtime";
import { compile, type ScheduleChoice } from "../src/index.js";

/** All cases as one model: a group of inputs and an output for each. */
function oneModel(cases: readonly OperatorCase[]): ops.Model {
  const b = ops.graphBuilder("assignment");
  const outputs = cases.map((each, k) => {
    const operator = ops.defaultOperators.get(ops.operatorKey(each.operator)) as ops.Operator;
    const values = each.inputs.map(({ shape }, position) => b.input(`x${k}_${position}`, "float32", shape));
    return b.apply(operator, values, each.attributes, `y${k}`)[0] as Value;
  });
  return b.finish(outputs);
}

let wanted:
  | { cases: readonly OperatorCase[]; inputs: (readonly Float32Array[])[]; expected: Float64Array[] }
  | undefined;

/** The full cases, their inputs and float64 references: seconds of work, so once. */
function references(): NonNullable<typeof wanted> {
  if (wanted === undefined) {
    const cases = assignmentCases("full");
    const inputs = cases.map((each) => caseInputs(each));
    const doubles = (arrays: readonly Float32Array[]) => arrays.map((array) => Float64Array.from(array));
    wanted = { cases, inputs, expected: cases.map((each, k) => each.reference(doubles(inputs[k] ?? []))) };
  }
  return wanted;
}

/** Compiles and runs all cases on a device, and gives what is outside its tolerance, by name. */
export async function runAssignment(
  target: Target | Backend,
  device: Device,
  schedule: ScheduleChoice,
): Promise<readonly string[]> {
  const { cases, inputs, expected } = references();
  const { artifact } = await compile(oneModel(cases), { target, schedule });
  const session = await loadModel(artifact, { device });
  try {
    const arrays = cases.flatMap(({ inputs: declared }, k) =>
      declared.map(
        ({ shape }, position) =>
          [`x${k}_${position}`, ndarray(inputs[k]?.[position] as Float32Array, { shape })] as const,
      ),
    );
    const outputs = await session.run(Object.fromEntries(arrays));
    return cases.flatMap((each, k) => {
      const output = outputs[`y${k}`] as NDArray;
      const found = mismatch(each, output.data as Float32Array, expected[k] ?? []);
      return found === null ? [] : [`${each.name}: ${found}`];
    });
  } finally {
    await session.dispose();
  }
}
