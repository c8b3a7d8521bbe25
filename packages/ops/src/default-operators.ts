import { type Operators, operatorSet } from "./operator.js";
import { ARG_MAX } from "./operators/arg-max.js";
import { ADD, DIV, MUL, NEG, SUB } from "./operators/arithmetic.js";
import { CAST } from "./operators/cast.js";
import { EQUAL, GREATER, LESS, WHERE } from "./operators/compare.js";
import { CONV, CONV_INPUT_GRADIENT, CONV_WEIGHT_GRADIENT } from "./operators/conv.js";
import { CONV_TRANSPOSE } from "./operators/conv-transpose.js";
import { SOFTMAX_CROSS_ENTROPY } from "./operators/cross-entropy.js";
import { MATMUL } from "./operators/matmul.js";
import { ONE_HOT } from "./operators/one-hot.js";
import { POW } from "./operators/pow.js";
import { REDUCE_MAX, REDUCE_MEAN } from "./operators/reduce.js";
import { BROADCAST_TO, REDUCE_SUM } from "./operators/reduce-sum.js";
import { RELU, RELU_GRADIENT } from "./operators/relu.js";
import { RESHAPE } from "./operators/reshape.js";
import { SGD_UPDATE } from "./operators/sgd-update.js";
import { LOG_SOFTMAX, SOFTMAX } from "./operators/softmax.js";
import { TRANSPOSE } from "./operators/transpose.js";
import { ERF, EXP, IDENTITY, LOG, SIGMOID, SQRT, TANH } from "./operators/unary.js";

/** Every operator of this package. Add or replace with `operatorSet(...defaultOperators.values(), mine)`. */
export const defaultOperators: Operators = operatorSet(
  ...[ADD, SUB, MUL, DIV, NEG, POW, EXP, LOG, SQRT, TANH, SIGMOID, ERF, IDENTITY, RELU, RELU_GRADIENT],
  ...[EQUAL, GREATER, LESS, WHERE, CAST, ONE_HOT, ARG_MAX],
  ...[MATMUL, CONV, CONV_TRANSPOSE, CONV_INPUT_GRADIENT, CONV_WEIGHT_GRADIENT],
  ...[REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX, SOFTMAX, LOG_SOFTMAX, SOFTMAX_CROSS_ENTROPY],
  ...[BROADCAST_TO, RESHAPE, TRANSPOSE, SGD_UPDATE],
);
