import type { Attribute, DType, GraphNode, OperatorName, Tensor, Value } from "@tilewright/ir";
import type { GraphBuilder } from "./builder.js";

/** Element type and shape of a value; every dimension is known. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

export type NodeAttributes = { readonly [name: string]: Attribute };

/** Output `output` may take the memory of input `input`: every element is read before, and only where, it is written. */
export interface ReusePair {
  readonly output: number;
  readonly input: number;
}

/**
 * An operator: its shape rule, its meaning as tensor expressions, and its gradient. Optional inputs trail and may be missing. An operator
 * is a value; a set of them is an `Operators` map that is passed around.
 */
export interface Operator {
  readonly name: OperatorName;
  /** Least and greatest number of inputs. */
  readonly arity: readonly [min: number, max: number];
  /** Types of the outputs. @throws CompileError `OP` codes for inputs that do not fit. */
  infer(inputs: readonly TensorType[], attributes: NodeAttributes): readonly TensorType[];
  /** The outputs as tensor expressions of the inputs, which `infer` has accepted. */
  compute(inputs: readonly Tensor[], attributes: NodeAttributes): readonly Tensor[];
  /**
   * Gradients of the inputs, one for each, given those of the outputs (null: zero). Null: no gradient flows there. Absent: the operator is
   * not differentiable. Adds nodes to `builder`, of operators that have gradients themselves.
   */
  gradient?(
    builder: GraphBuilder,
    node: GraphNode,
    outputGradients: readonly (Value | null)[],
  ): readonly (Value | null)[];
  readonly reuse?: readonly ReusePair[];
  /** The output holds the bytes of input 0 unchanged, under another shape: no kernel is needed. */
  readonly view?: boolean;
}

/** A set of operators, by `operatorKey`. */
export type Operators = ReadonlyMap<string, Operator>;

/** Checks nothing, infers types: an operator is a value. */
export function defineOperator(operator: Operator): Operator {
  return operator;
}

/** `domain::name@version`; the domain "ai.onnx" is written "". */
export function operatorKey({ domain, name, version }: OperatorName): string {
  return `${domain === "ai.onnx" ? "" : domain}::${name}@${version}`;
}

/** A set of operators as a value; later ones replace earlier ones of the same name. */
export function operatorSet(...operators: readonly Operator[]): Operators {
  return new Map(operators.map((operator) => [operatorKey(operator.name), operator]));
}
