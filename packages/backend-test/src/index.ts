export { assignmentCases, type CaseInput, caseInputs, mismatch, type OperatorCase } from "./assignment.js";
export {
  compareMemory,
  copyMemory,
  elementsOf,
  inputsFor,
  inputsForTensors,
  type Memory,
  type Tolerance,
  zeros,
} from "./memory.js";
export { arbitraryExpr } from "./random-expr.js";
export { arbitraryPrimFunc, type PrimFuncOptions } from "./random-functions.js";
export { arbitraryTensorProgram, type TensorProgram, type TensorProgramOptions } from "./random-tensors.js";
