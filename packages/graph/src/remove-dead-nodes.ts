import type { GraphNode, Value } from "@tilewright/ir";
import type { GraphPass } from "./pass.js";

/** Rule: a node stays when an output or a next state depends on it; a constant stays when something reads it. */
export const removeDeadNodes: GraphPass = {
  name: "remove-dead-nodes",
  run(model) {
    const { graph } = model;
    const needed = new Set<Value>(graph.outputs);
    for (const { next } of graph.states) if (next !== null) needed.add(next);
    const kept: GraphNode[] = [];
    for (let position = graph.nodes.length - 1; position >= 0; position--) {
      const node = graph.nodes[position];
      if (node === undefined || !node.outputs.some((output) => needed.has(output))) continue;
      kept.push(node);
      for (const input of node.inputs) if (input !== null) needed.add(input);
    }
    const constants = graph.constants.filter(({ value }) => needed.has(value));
    if (kept.length === graph.nodes.length && constants.length === graph.constants.length) return model;
    return { ...model, graph: { ...graph, nodes: kept.reverse(), constants } };
  },
};
