export { type Compiled, type CompileOptions, type CompileReport, compile } from "./compile.js";
export {
  type CompiledKernel,
  type CompileTensorsOptions,
  compileFunctions,
  compileSchedule,
  compileTensors,
} from "./compile-tensors.js";
export { type EvaluateModelOptions, evaluateModel } from "./evaluate-model.js";
export type { KernelReport } from "./kernels.js";
export {
  type LoweredModel,
  type LowerModelOptions,
  lowerModel,
  type Progress,
} from "./lower-model.js";
export { mergeVariants } from "./merge-variants.js";
export type { ScheduleChoice } from "./schedule-kernel.js";
