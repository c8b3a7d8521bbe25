export { assignmentCases, type CaseInput, caseInputs, mismatch, type OperatorCase } from "./assignment.js";
export type { BackendUnderTest, Lower, TestFramework } from "./harness.js";
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
export { type TestBackendOptions, testBackend } from "./test-backend.js";
