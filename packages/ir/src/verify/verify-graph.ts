import type { Diagnostic } from "@tilewright/diagnostics";
import { badReuse, badSymbol, boundTwice, duplicateName, valueNotDefined } from "../errors.js";
import type { Node } from "../fields.js";
import type { Graph, GraphNode, Value } from "../graph.js";
import { GRAMMARS, type Grammar } from "./grammar.js";
import { createReport, type Report } from "./report.js";
import { type Place, verifyExpr } from "./verify-expr.js";
import { verifyScalarIndex } from "./verify-scope.js";

/** Dimensions are scalar expressions over symbols. */
const DIMENSIONS: Grammar = {
  ...GRAMMARS.scheduled,
  without: ["Load", "Call", "Read", "Reduce", "Ramp", "Broadcast", "Shuffle"],
};

interface Scope {
  readonly report: Report;
  readonly place: Place;
  /** Values and symbols that may be used here; nested graphs see the outer ones. */
  readonly defined: Set<Node>;
  /** All that was ever defined. */
  readonly bound: Set<Node>;
}

type Work = Graph | GraphNode | (() => void);

/**
 * What is wrong with a graph: values used before they are defined, or defined twice, in it and in nested graphs; dimensions, symbols, reuse. Operators
 * and their types are checked by `ops`. At most 100 diagnostics; iterative.
 */
export function verifyGraph(graph: Graph): Diagnostic[] {
  const report = createReport();
  const defined = new Set<Node>();
  const place: Place = { report, grammar: DIMENSIONS, level: "graph", scope: defined };
  const scope: Scope = { report, place, defined, bound: new Set() };
  const stack: Work[] = [graph];
  for (let work = stack.pop(); work !== undefined; work = stack.pop()) {
    if (typeof work === "function") work();
    else {
      const next = work.kind === "Graph" ? enterGraph(work, scope) : enterNode(work, scope);
      for (let position = next.length - 1; position >= 0; position--) stack.push(next[position] as Work);
    }
  }
  return report.diagnostics;
}

function enterGraph(graph: Graph, scope: Scope): Work[] {
  const { report, defined, bound } = scope;
  const before = new Set(defined);
  const outer = report.owner;
  report.owner = `graph \`${graph.name}\``;
  report.place = null;
  for (const { variable, min, max, span } of graph.symbols) {
    if (bound.has(variable)) report.add(boundTwice("symbol", variable.name, span));
    bound.add(variable);
    defined.add(variable);
    if (!Number.isSafeInteger(min) || !Number.isSafeInteger(max) || min < 0 || max < min) {
      report.add(badSymbol(variable.name, `${min} to ${max}`, span));
    }
  }
  for (const value of [...graph.inputs, ...graph.constants.map((c) => c.value), ...graph.states.map((s) => s.value)]) {
    define(value, scope);
  }
  const names = new Set<string>();
  for (const { name, span } of graph.inputs) {
    if (names.has(name)) report.add(duplicateName("inputs", name, span));
    names.add(name);
  }
  const end = (): void => {
    report.owner = `graph \`${graph.name}\``;
    report.place = null;
    const finals = [...graph.outputs, ...graph.states.flatMap(({ next }) => (next === null ? [] : [next]))];
    for (const value of finals) if (!defined.has(value)) report.add(valueNotDefined(value.name, value.span));
    defined.clear();
    for (const thing of before) defined.add(thing);
    report.owner = outer;
  };
  return [...graph.nodes, end];
}

function define(value: Value, { report, defined, bound, place }: Scope): void {
  if (bound.has(value)) report.add(boundTwice("value", value.name, value.span));
  bound.add(value);
  defined.add(value);
  for (const dimension of value.shape) {
    verifyExpr(dimension, place);
    verifyScalarIndex(dimension, `a dimension of \`${value.name}\``, place);
  }
}

function enterNode(node: GraphNode, scope: Scope): Work[] {
  const { report, defined } = scope;
  report.place = node;
  for (const input of node.inputs) {
    if (input !== null && !defined.has(input)) report.add(valueNotDefined(input.name, node.span));
  }
  const name = node.name === "" ? node.operator.name : node.name;
  for (const { output, input } of node.reuse) {
    if (output >= node.outputs.length)
      report.add(badReuse(name, `an output number below ${node.outputs.length}`, `${output}`, node.span));
    if (input >= node.inputs.length)
      report.add(badReuse(name, `an input number below ${node.inputs.length}`, `${input}`, node.span));
  }
  const nested = Object.values(node.attributes).filter(
    (value): value is Graph => typeof value === "object" && "kind" in value,
  );
  const finish = (): void => {
    report.place = node;
    for (const output of node.outputs) define(output, scope);
  };
  return [...nested, finish];
}
