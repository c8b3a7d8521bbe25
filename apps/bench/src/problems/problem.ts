import { WrongResult } from "../suite.js";
import { type Convolution, convolutionFacts } from "./convolution.js";
import type { Facts } from "./facts.js";
import { type Gemm, gemmFacts } from "./gemm.js";
import { type Inference, inferenceFacts } from "./inference.js";
import { type RowOperation, rowOperationFacts } from "./row-operation.js";
import { type TrainingStep, trainingStepFacts } from "./training-step.js";

/** Something to compute on float32 tensors, that every contender is given alike. */
export type Problem = Gemm | Convolution | RowOperation | Inference | TrainingStep;

/** Numbers are the same for the same problem. */
export function factsOf(problem: Problem): Facts {
  switch (problem.kind) {
    case "gemm":
      return gemmFacts(problem);
    case "convolution":
      return convolutionFacts(problem);
    case "row-operation":
      return rowOperationFacts(problem);
    case "inference":
      return inferenceFacts(problem);
    case "training-step":
      return trainingStepFacts(problem);
  }
}

const CHECKED = 1000;

/** Compares elements spread over a result with double precision. @throws WrongResult */
export function checkResult({ workload, shape, exactAt }: Facts, contender: string, result: Float32Array): void {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (result.length !== count)
    throw new WrongResult(`${workload} by ${contender} has ${result.length} elements, not ${count}`);
  const step = Math.max(1, Math.floor(count / CHECKED));
  for (let at = 0; at < count + step - 1; at += step) checkElement(Math.min(at, count - 1));

  function checkElement(at: number): void {
    const { value, error } = exactAt(at);
    const found = result[at] ?? Number.NaN;
    if (Math.abs(found - value) <= 2 ** -23 * Math.max(1, error)) return;
    throw new WrongResult(`${workload} by ${contender} is ${found} at ${at}, not ${value}`);
  }
}
