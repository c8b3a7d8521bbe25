export { type EvaluateOptions, evaluate } from "./evaluate.js";
export { bfloat16Bits, bfloat16OfBits, float16Bits, float16OfBits, roundToBfloat16, roundToFloat16 } from "./float.js";
export { type Arguments, type ArgumentValue, type InterpretOptions, interpret, type Report } from "./interpret.js";
export { arrayLength, arrayType, type TypedArray } from "./memory.js";
export type { IntrinsicMeaning } from "./scope.js";
export { type EvaluateTensorsOptions, evaluateTensors, type TensorInputs } from "./tensors.js";
export type { Precision, Scalar, Value } from "./values.js";
