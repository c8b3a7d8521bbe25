import { isCompileError } from "@tilewright/diagnostics";
import { type Attribute, DTYPES, type Graph, type GraphNode, int, type Value } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { interpreted } from "../test/interpreted.js";
import { compile } from "./index.js";

/** A model that holds one node of most kinds. */
function everything(): ops.Model {
  const b = ops.graphBuilder("everything");
  const x = b.input("x", "float32", [2, 3]);
  const s = b.state("s", "float32", [3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  const y = ops.relu(b, ops.add(b, ops.matmul(b, x, s), b.constant([1, 2, 3])));
  const image = ops.reshape(b, s, [1, 1, 3, 3]);
  const conv = ops.conv2d(b, image, b.constant(1, { shape: [1, 1, 2, 2] }), { pads: [1, 1, 0, 0] });
  const next = ops.sgdUpdate(b, s, ops.reshape(b, conv, [3, 3]), 0.5);
  b.update(s, next);
  const place = ops.argMax(b, ops.softmax(b, y), { keepdims: false });
  const hits = ops.cast(b, ops.oneHot(b, place, 3), "float64");
  const mixed = ops.where(
    b,
    ops.greater(b, x, y),
    ops.transpose(b, ops.transpose(b, x)),
    ops.broadcastTo(b, b.scalar(2), [2, 3]),
  );
  return b.finish([hits, ops.reduceMean(b, mixed, { axes: [0] }), ops.softmaxCrossEntropy(b, x, y)]);
}

const STRANGE: readonly unknown[] = [
  -1,
  0,
  2.5,
  1e9,
  Number.NaN,
  "axis",
  [],
  [0, 0],
  [9],
  [-1, -1],
  [2.5],
  [1e6, 1e6],
  7n,
  true,
  null,
  {},
];

interface Mutation {
  readonly what:
    | "drop"
    | "swap"
    | "input"
    | "inputs"
    | "outputs"
    | "shape"
    | "dtype"
    | "attribute"
    | "operator"
    | "order"
    | "state"
    | "blob";
  readonly at: number;
  readonly other: number;
}
const mutations = fc.array(
  fc.record<Mutation>({
    what: fc.constantFrom(
      "drop",
      "swap",
      "input",
      "inputs",
      "outputs",
      "shape",
      "dtype",
      "attribute",
      "operator",
      "order",
      "state",
      "blob",
    ),
    at: fc.nat({ max: 1000 }),
    other: fc.nat({ max: 1000 }),
  }),
  { minLength: 1, maxLength: 3 },
);

/** Replaces one value everywhere. */
function replaceValue(graph: Graph, from: Value, to: Value): Graph {
  const swap = <T extends Value | null>(value: T): T => (value === from ? (to as T) : value);
  return {
    ...graph,
    inputs: graph.inputs.map(swap),
    outputs: graph.outputs.map(swap),
    constants: graph.constants.map((each) => ({ ...each, value: swap(each.value) })),
    states: graph.states.map((each) => ({ ...each, value: swap(each.value), next: swap(each.next) })),
    nodes: graph.nodes.map((node) => ({ ...node, inputs: node.inputs.map(swap), outputs: node.outputs.map(swap) })),
  };
}

function mutate(model: ops.Model, { what, at, other }: Mutation): ops.Model {
  const { graph } = model;
  const { nodes } = graph;
  const position = at % Math.max(1, nodes.length);
  const node = nodes[position];
  const values = [
    ...graph.inputs,
    ...graph.states.map(({ value }) => value),
    ...nodes.flatMap(({ outputs }) => outputs),
  ];
  const value = values[other % values.length];
  if (node === undefined || value === undefined) return model;
  const withNode = (changed: GraphNode): ops.Model => ({
    ...model,
    graph: { ...graph, nodes: nodes.with(position, changed) },
  });
  const extents = [0, 1, 2, -1, 2.5, 1e9].map((extent) => int(extent));
  switch (what) {
    case "drop":
      return { ...model, graph: { ...graph, nodes: nodes.filter((_, k) => k !== position) } };
    case "swap":
      return withNode({ ...node, inputs: [...node.inputs].reverse() });
    case "input":
      return withNode({
        ...node,
        inputs: node.inputs.map((input, k) => (k === other % node.inputs.length ? value : input)),
      });
    case "inputs":
      return withNode({ ...node, inputs: other % 2 === 0 ? [] : [...node.inputs, null] });
    case "outputs":
      return withNode({ ...node, outputs: other % 2 === 0 ? [] : [...node.outputs, value] });
    case "shape":
      return {
        ...model,
        graph: replaceValue(graph, value, {
          ...value,
          shape: [...value.shape.slice(1), ...extents.slice(at % 6, (at % 6) + 1)],
        }),
      };
    case "dtype":
      return { ...model, graph: replaceValue(graph, value, { ...value, dtype: DTYPES[at % DTYPES.length] ?? "bool" }) };
    case "attribute": {
      const names = [
        "axis",
        "axes",
        "shape",
        "perm",
        "pads",
        "strides",
        "group",
        "to",
        "depth",
        "reduction",
        "transA",
        "keepdims",
      ];
      const name = names[other % names.length] ?? "axis";
      return withNode({
        ...node,
        attributes: { ...node.attributes, [name]: STRANGE[(at * 7) % STRANGE.length] as Attribute },
      });
    }
    case "operator":
      return withNode({ ...node, operator: nodes[other % nodes.length]?.operator ?? node.operator });
    case "order":
      return { ...model, graph: { ...graph, nodes: [...nodes].reverse() } };
    case "state":
      return { ...model, graph: { ...graph, states: graph.states.map((state) => ({ ...state, next: value })) } };
    case "blob":
      return { ...model, blobs: new Map([...model.blobs].map(([name, bytes]) => [name, bytes.subarray(at % 5)])) };
  }
}

describe("compile", () => {
  it("ends every graph that it cannot compile with a diagnostic", async () => {
    const { backend } = interpreted();
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(mutations, async (list) => {
        const model = list.reduce(mutate, everything());
        try {
          await compile(model, { target: backend, schedule: "none" });
        } catch (error) {
          if (!isCompileError(error)) throw error;
          refused++;
        }
      }),
      { numRuns: 400 },
    );
    expect(refused).toBeGreaterThan(100);
  });
});
