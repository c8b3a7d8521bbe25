import { CompileError } from "@tilewright/diagnostics";
import type { GraphNode, Tensor, Value } from "@tilewright/ir";
import { unboundValue, unknownOperator } from "./errors.js";
import { type Operator, type Operators, operatorKey } from "./operator.js";

/** The operator of a node. @throws CompileError `OP101` when the set does not hold it. */
export function operatorOf(operators: Operators, node: GraphNode): Operator {
  const key = operatorKey(node.operator);
  const operator = operators.get(key);
  if (operator === undefined) {
    const near = [...operators.keys()].filter((each) => each.includes(`::${node.operator.name}@`)).slice(0, 3);
    throw new CompileError(unknownOperator(key, near, node.span));
  }
  return operator;
}

/**
 * Nodes, in topological order, as tensor expressions over the tensors that `bindings` holds for their inputs. The tensors of their outputs
 * are added to `bindings`. @throws CompileError `OP101`.
 */
export function bindTensors(nodes: readonly GraphNode[], operators: Operators, bindings: Map<Value, Tensor>): void {
  for (const node of nodes) {
    const inputs = node.inputs.filter((input) => input !== null).map((input) => bound(bindings, input));
    const outputs = operatorOf(operators, node).compute(inputs, node.attributes);
    node.outputs.forEach((value, position) => {
      const tensor = outputs[position];
      if (tensor !== undefined) bindings.set(value, tensor);
    });
  }
}

function bound(bindings: ReadonlyMap<Value, Tensor>, value: Value): Tensor {
  const tensor = bindings.get(value);
  if (tensor === undefined) throw new CompileError(unboundValue(value.name, value.span));
  return tensor;
}
