import type { Attribute, GraphNode, Value } from "@tilewright/ir";
import { operatorKey } from "@tilewright/ops";
import type { GraphPass } from "./pass.js";
import { replaceInputs, withNodes } from "./replace-values.js";

/**
 * Rule (common subexpressions): of two nodes with one operator, equal attributes and the same inputs, the later one goes. Nodes that hold
 * graphs or refer to blobs stay.
 */
export const mergeEqualNodes: GraphPass = {
  name: "merge-equal-nodes",
  run(model) {
    const numbers = new Map<Value, number>();
    const first = new Map<string, GraphNode>();
    const replacements = new Map<Value, Value>();
    const nodes: GraphNode[] = [];
    for (const original of model.graph.nodes) {
      const node = replaceInputs(original, replacements);
      const key = keyOf(node, numbers);
      const twin = key === null ? undefined : first.get(key);
      if (twin === undefined) {
        if (key !== null) first.set(key, node);
        nodes.push(node);
        continue;
      }
      node.outputs.forEach((output, position) => {
        const same = twin.outputs[position];
        if (same !== undefined) replacements.set(output, same);
      });
    }
    return replacements.size === 0 ? model : { ...model, graph: withNodes(model.graph, nodes, replacements) };
  },
};

function keyOf(node: GraphNode, numbers: Map<Value, number>): string | null {
  const number = (value: Value | null): number => {
    if (value === null) return -1;
    const known = numbers.get(value) ?? numbers.size;
    numbers.set(value, known);
    return known;
  };
  const attributes = attributeKey(node.attributes);
  if (attributes === null) return null;
  return `${operatorKey(node.operator)} ${node.device ?? ""} ${attributes} ${node.inputs.map(number).join(" ")}`;
}

/** Attributes as text that is equal exactly when they are; null when one is more than plain data. */
export function attributeKey(attributes: { readonly [name: string]: Attribute }): string | null {
  const parts: string[] = [];
  for (const name of Object.keys(attributes).sort()) {
    const value = attributes[name];
    if (typeof value === "object" && !Array.isArray(value)) return null;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    const shown = items.map((item) => `${typeof item} ${Object.is(item, -0) ? "-0" : JSON.stringify(String(item))}`);
    parts.push(`${name}=${Array.isArray(value) ? `[${shown.join(",")}]` : shown.join("")}`);
  }
  return parts.join(";");
}
