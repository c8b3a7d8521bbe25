import { type GraphNode, int, type Tensor, type Value } from "@tilewright/ir";
import { type Operators, operatorOf, shapeOf } from "@tilewright/ops";

/** A node as tensor expressions over placeholders for its inputs. @throws CompileError `OP101`. */
export function nodeTensors(
  node: GraphNode,
  operators: Operators,
): { readonly inputs: readonly Tensor[]; readonly outputs: readonly Tensor[] } {
  const inputs = node.inputs.filter((input) => input !== null).map(placeholderOf);
  return { inputs, outputs: operatorOf(operators, node).compute(inputs, node.attributes) };
}

function placeholderOf({ name, dtype, span, ...value }: Value): Tensor {
  const shape = shapeOf({ name, dtype, span, ...value }).map((extent) => int(extent));
  return { kind: "Tensor", span, name, dtype, shape, operation: { kind: "Placeholder", span, name }, outputIndex: 0 };
}
