import { invariant } from "@tilewright/diagnostics";
import type { GraphNode, Tensor, Value } from "@tilewright/ir";
import type { GraphBuilder } from "./builder.js";
import type { NodeAttributes, Operator } from "./operator.js";

/** Adds a node of an operator that has one output, and returns it. */
export function applyOne(
  b: GraphBuilder,
  operator: Operator,
  inputs: readonly Value[],
  attributes: NodeAttributes = {},
  name = "",
): Value {
  const [output] = b.apply(operator, inputs, attributes, name);
  invariant(output !== undefined, `${operator.name.name} has no output`);
  return output;
}

/** Input number `position` of a node, which its arity promises. */
export function inputOf(node: GraphNode, position: number): Value {
  const input = node.inputs[position] ?? null;
  invariant(input !== null, `${node.name} has no input ${position}`);
  return input;
}

/** The first output of a node. */
export function outputOf(node: GraphNode): Value {
  const [output] = node.outputs;
  invariant(output !== undefined, `${node.name} has no output`);
  return output;
}

/** Element `position` of a list whose length the arity promises: input types and tensors. */
export function nth<T>(list: readonly T[], position: number): T {
  const item = list[position];
  invariant(item !== undefined, `input ${position} is missing`);
  return item;
}

/** The first tensor. */
export function first(tensors: readonly Tensor[]): Tensor {
  return nth(tensors, 0);
}
