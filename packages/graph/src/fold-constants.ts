import type { Constant, Graph, GraphNode, Value } from "@tilewright/ir";
import { bytesOf } from "@tilewright/ir";
import { type Model, shapeOf, sizeOf } from "@tilewright/ops";
import { nodeTensors } from "./node-tensors.js";
import type { GraphPass, GraphPassContext } from "./pass.js";
import { workOf } from "./work.js";

/** Folding stops at tensors larger than this, in elements: folding must not cost more than it saves. */
const MAX_ELEMENTS = 1 << 16;
/** Elements that one node may compute and fold, and all nodes of one pass: the interpreter takes below a second for them. */
const MAX_WORK = 1 << 20;
const MAX_TOTAL_WORK = 1 << 21;

/**
 * Rule: what depends on constants alone becomes a constant, unless it is large, or larger than everything it is made from (a broadcast is
 * cheaper than its result), or takes long to compute, alone or with those before it. All folded nodes are evaluated together, by `context.evaluate`.
 */
export const foldConstants: GraphPass = {
  name: "fold-constants",
  run(model, context) {
    if (context.evaluate === undefined) return model;
    const { graph } = model;
    const constant = new Set<Value>(graph.constants.map(({ value }) => value));
    const folded: GraphNode[] = [];
    let left = MAX_TOTAL_WORK;
    for (const node of graph.nodes) {
      if (!foldable(node, constant)) continue;
      const work = workOf(nodeTensors(node, context.operators).outputs);
      if (work > Math.min(left, MAX_WORK)) continue;
      left -= work;
      folded.push(node);
      for (const output of node.outputs) constant.add(output);
    }
    return folded.length === 0 ? model : fold(model, folded, context.evaluate);
  },
};

const elements = (value: Value): number => sizeOf(shapeOf(value));

function foldable(node: GraphNode, constant: ReadonlySet<Value>): boolean {
  if (!node.inputs.every((input) => input === null || constant.has(input))) return false;
  const sizes = node.inputs.map((input) => (input === null ? 0 : elements(input)));
  const read = sizes.reduce((sum, size) => sum + size, 0);
  const made = node.outputs.reduce((sum, output) => sum + elements(output), 0);
  return read <= MAX_ELEMENTS && made <= Math.max(read, 1);
}

function fold(model: Model, folded: readonly GraphNode[], evaluate: NonNullable<GraphPassContext["evaluate"]>): Model {
  const { graph, blobs } = model;
  const gone = new Set(folded);
  const rest = graph.nodes.filter((node) => !gone.has(node));
  const read = new Set<Value | null>([...graph.outputs, ...graph.states.map(({ next }) => next)]);
  for (const { inputs } of rest) for (const input of inputs) read.add(input);
  const wanted = folded.flatMap(({ outputs }) => outputs).filter((value) => read.has(value));
  const part: Graph = { ...graph, inputs: [], states: [], nodes: folded, outputs: wanted };
  const results = evaluate({ graph: part, blobs }, wanted);
  const made = new Map(blobs);
  const constants = wanted.map((value, position): Constant => {
    const bytes = results[position] ?? new Uint8Array(bytesOf(value.dtype, elements(value)));
    const blob = uniqueName(`folded ${value.name}`, made);
    made.set(blob, bytes);
    return { kind: "Constant", span: value.span, value, data: { blob, offset: 0, byteLength: bytes.length } };
  });
  return { graph: { ...graph, nodes: rest, constants: [...graph.constants, ...constants] }, blobs: made };
}

function uniqueName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let unique = name;
  for (let count = 2; taken.has(unique); count++) unique = `${name} ${count}`;
  return unique;
}
