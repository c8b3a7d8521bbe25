export { type GraphBuilder, type GraphBuilderOptions, graphBuilder, type Model } from "./builder.js";
export { type ConstantData, decodeData, encodeData } from "./data.js";
export { defaultOperators } from "./default-operators.js";
export {
  defineOperator,
  type NodeAttributes,
  type Operator,
  type Operators,
  operatorKey,
  operatorSet,
  type ReusePair,
  type TensorType,
} from "./operator.js";
export { argMax } from "./operators/arg-max.js";
export { add, div, type Factor, mul, neg, sub } from "./operators/arithmetic.js";
export { cast } from "./operators/cast.js";
export { equal, greater, less, where } from "./operators/compare.js";
export { conv2d } from "./operators/conv.js";
export type { ConvOptions } from "./operators/conv-geometry.js";
export { type ConvTransposeOptions, convTranspose2d } from "./operators/conv-transpose.js";
export { type LossReduction, softmaxCrossEntropy } from "./operators/cross-entropy.js";
export { type MatMulOptions, matmul } from "./operators/matmul.js";
export { oneHot } from "./operators/one-hot.js";
export { pow } from "./operators/pow.js";
export { reduceMax, reduceMean } from "./operators/reduce.js";
export { broadcastTo, type ReduceOptions, reduceSum } from "./operators/reduce-sum.js";
export { relu, reluGradient } from "./operators/relu.js";
export { reshape } from "./operators/reshape.js";
export { sgdUpdate } from "./operators/sgd-update.js";
export { logSoftmax, softmax } from "./operators/softmax.js";
export { transpose } from "./operators/transpose.js";
export { erf, exp, identity, log, sigmoid, sqrt, tanh } from "./operators/unary.js";
export { shapeOf, sizeOf, typeOf } from "./shapes.js";
export { bindTensors, operatorOf } from "./to-tensors.js";
