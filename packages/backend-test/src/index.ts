export { assignmentCases, type CaseInput, caseInputs, mismatch, type OperatorCase } from "./assignment.js";
