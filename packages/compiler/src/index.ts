export { type EvaluateModelOptions, evaluateModel } from "./evaluate-model.js";
