import { CompileError } from "@tilewright/diagnostics";
import type { Graph, GraphNode, Value } from "@tilewright/ir";
import { type Operators, operatorOf, type TensorType, typeOf } from "@tilewright/ops";
import { definedTwice, undefinedValue, unsupported, wrongType } from "./errors.js";

const text = ({ dtype, shape }: TensorType): string => `${dtype} (${shape.join(", ")})`;

/**
 * Checks a graph from outside: every value is defined once and before it is read, nodes have as many inputs and outputs as their operators
 * say, and the declared types are those that the operators infer.
 * @throws CompileError `GR101` order · `GR102` definitions · `GR103` types · `GR104` what is not supported · `OP` codes of operators
 */
export function checkGraph(graph: Graph, operators: Operators): void {
  const known = new Set<Value>();
  const define = (value: Value): void => {
    if (known.has(value)) throw new CompileError(definedTwice(value.name, value.span));
    typeOf(value);
    known.add(value);
  };
  const read = (value: Value, reader: string): void => {
    if (!known.has(value)) throw new CompileError(undefinedValue(value.name, reader, value.span));
  };
  for (const value of graph.inputs) define(value);
  for (const { value } of graph.constants) define(value);
  for (const { value } of graph.states) define(value);
  for (const node of graph.nodes) {
    for (const input of node.inputs) {
      if (input === null)
        throw new CompileError(unsupported("an absent input", "inputs that are all present", node.span));
      read(input, `the node \`${node.name}\``);
    }
    checkTypes(node, operators);
    for (const output of node.outputs) define(output);
  }
  for (const output of graph.outputs) read(output, "the list of outputs");
  for (const { value, next } of graph.states) {
    if (next === null) continue;
    read(next, `the state \`${value.name}\``);
    const [expected, actual] = [typeOf(value), typeOf(next)].map(text);
    if (expected !== actual) throw new CompileError(wrongType(next.name, expected ?? "", actual ?? "", next.span));
  }
}

function checkTypes(node: GraphNode, operators: Operators): void {
  const operator = operatorOf(operators, node);
  const inputs = node.inputs.filter((input) => input !== null).map(typeOf);
  const [min, max] = operator.arity;
  if (inputs.length < min || inputs.length > max) {
    throw new CompileError(
      unsupported(`\`${node.name}\` with ${inputs.length} inputs`, `${min} to ${max} inputs`, node.span),
    );
  }
  const types = operator.infer(inputs, node.attributes);
  if (types.length !== node.outputs.length || types.length > 1) {
    const expected = types.length > 1 ? "operators of one output" : `${types.length} outputs`;
    throw new CompileError(unsupported(`\`${node.name}\` with ${node.outputs.length} outputs`, expected, node.span));
  }
  node.outputs.forEach((output, position) => {
    const [expected, actual] = [types[position], typeOf(output)].map((type) => (type === undefined ? "" : text(type)));
    if (expected !== actual) throw new CompileError(wrongType(output.name, expected ?? "", actual ?? "", output.span));
  });
}
