export { assignmentCases, type CaseInput, caseInputs, mismatch, type OperatorCase } from "./assignment.js";
export type { ConformanceTest } from "./conformance-test.js";
export { conformanceTests } from "./conformance-tests.js";
export { type InterpreterOptions, interpreterPlugin } from "./interpreter-plugin.js";
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
export { arbitraryThreadFunc, type ThreadFuncOptions } from "./random-threads.js";
export { type KitOptions, type KitProgress, type KitReport, runKit } from "./run-kit.js";
export type { BackendUnderTest, KitSubject, Lower } from "./subject.js";
export type { MatrixRow } from "./support-matrix.js";
export { supportTable } from "./support-table.js";
export { type TestBackendOptions, type TestFramework, testBackend } from "./test-backend.js";
