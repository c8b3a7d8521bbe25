import type { Graph, GraphNode, Value } from "@tilewright/ir";

/** Values that stand for others. Chains are followed. */
export type Replacements = ReadonlyMap<Value, Value>;

/** What stands for `value` in the end. */
export function resolve(replacements: Replacements, value: Value): Value {
  let current = value;
  for (let next = replacements.get(current); next !== undefined; next = replacements.get(current)) current = next;
  return current;
}

/** The node with replaced inputs; itself when none is. */
export function replaceInputs(node: GraphNode, replacements: Replacements): GraphNode {
  let changed = false;
  const inputs = node.inputs.map((input) => {
    if (input === null) return null;
    const to = resolve(replacements, input);
    changed ||= to !== input;
    return to;
  });
  return changed ? { ...node, inputs } : node;
}

/** The graph with these nodes, and with replaced outputs and next states. */
export function withNodes(graph: Graph, nodes: readonly GraphNode[], replacements: Replacements): Graph {
  return {
    ...graph,
    nodes,
    outputs: graph.outputs.map((output) => resolve(replacements, output)),
    states: graph.states.map((state) =>
      state.next === null ? state : { ...state, next: resolve(replacements, state.next) },
    ),
  };
}
