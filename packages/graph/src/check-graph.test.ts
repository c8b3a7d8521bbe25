import { isCompileError } from "@tilewright/diagnostics";
import { type Graph, int } from "@tilewright/ir";
import * as ops from "@tilewright/ops";
import { describe, expect, it } from "vitest";
import { checkGraph } from "./index.js";

const b = ops.graphBuilder("check");
const x = b.input("x", "float32", [2]);
const state = b.state("s", "float32", [2]);
const y = ops.relu(b, x);
const z = ops.add(b, y, state);
b.update(state, z);
const { graph } = b.finish([z]);
const [first, second] = graph.nodes;
const narrow = { ...z, shape: [int(3)] };

describe("checkGraph", () => {
  it("accepts what the builder makes", () => {
    expect(() => checkGraph(graph, ops.defaultOperators)).not.toThrow();
  });

  it.each<[string, string, Partial<Graph>]>([
    ["GR101", "nodes out of order", { nodes: [second, first] as Graph["nodes"] }],
    ["GR101", "an output that nothing defines", { outputs: [ops.graphBuilder("other").input("z", "float32", [2])] }],
    ["GR102", "a node twice", { nodes: [first, first, second] as Graph["nodes"] }],
    [
      "GR103",
      "a type that is not the operator's",
      { nodes: [first, { ...second, outputs: [narrow] }] as Graph["nodes"], outputs: [] },
    ],
    [
      "GR103",
      "a next state of another type",
      {
        states: [{ ...graph.states[0], next: b.scalar(1) } as Graph["states"][number]],
        constants: b.finish([]).graph.constants,
      },
    ],
    ["GR104", "an absent input", { nodes: [{ ...first, inputs: [null] }] as Graph["nodes"], outputs: [] }],
    ["GR104", "too few inputs", { nodes: [{ ...first, inputs: [] }] as Graph["nodes"], outputs: [] }],
    ["GR104", "too many outputs", { nodes: [{ ...first, outputs: [y, z] }] as Graph["nodes"], outputs: [] }],
    [
      "OP101",
      "an unknown operator",
      { nodes: [{ ...first, operator: { domain: "", name: "Rely", version: 1 } }] as Graph["nodes"] },
    ],
    [
      "OP107",
      "a symbolic shape",
      { inputs: [{ ...x, shape: [{ kind: "Var", span: x.span, name: "n", dtype: "index", lanes: 1 }] }] },
    ],
  ])("refuses with %s %s", (code, _, change) => {
    let caught: unknown;
    try {
      checkGraph({ ...graph, ...change }, ops.defaultOperators);
    } catch (error) {
      caught = error;
    }
    expect(isCompileError(caught) && caught.code).toBe(code);
  });
});
