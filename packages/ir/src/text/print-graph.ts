import type { Attribute, BlobReference, Graph, GraphNode, State, Value } from "../graph.js";
import { DEDENT, INDENT, join, NEWLINE, type Piece } from "./pieces.js";
import { numberText, type PrintContext, rootPieces } from "./print-expr.js";
import { attributesText } from "./print-stmt.js";
import { nameText, stringText } from "./syntax.js";

/** `graph name { symbol …, input …, constant …, state …, node …, output … }`, a line each; nested graphs stand in attributes. */
export function graphPieces(graph: Graph, context: PrintContext): Piece[] {
  const { names } = context;
  const lines: Piece[][] = [];
  for (const symbol of graph.symbols) {
    const name = names.of(symbol.variable, symbol.variable.name);
    lines.push([`symbol ${name} from ${symbol.min} to ${symbol.max}`]);
  }
  for (const value of graph.inputs) lines.push(["input ", ...valuePieces(value, context)]);
  for (const { value, data } of graph.constants) {
    lines.push(["constant ", ...valuePieces(value, context), ` = ${blobText(data)}`]);
  }
  for (const state of graph.states) lines.push([() => statePieces(state, context)]);
  for (const node of graph.nodes) lines.push([() => nodePieces(node, context)]);
  if (graph.outputs.length > 0)
    lines.push([() => [`output ${graph.outputs.map((v) => names.of(v, v.name)).join(", ")}`]]);
  const body = lines.flatMap((line): Piece[] => [NEWLINE, ...line]);
  return [`graph ${nameText(graph.name)}${attributesText(graph.attributes)} {`, INDENT, ...body, DEDENT, NEWLINE, "}"];
}

function valuePieces(value: Value, context: PrintContext): Piece[] {
  const shape = join(value.shape.map((dimension) => rootPieces(dimension, context)));
  return [() => [`${context.names.of(value, value.name)}: ${value.dtype}[`, ...shape, "]"]];
}

function blobText({ blob, offset, byteLength }: BlobReference): string {
  return `blob ${stringText(blob)} from ${offset} bytes ${byteLength}`;
}

function statePieces({ value, next, initial }: State, context: PrintContext): Piece[] {
  const start = initial === null ? "" : ` initial ${blobText(initial)}`;
  const after = next === null ? "" : () => [` next ${context.names.of(next, next.name)}`];
  return ["state ", ...valuePieces(value, context), after, start];
}

function nodePieces(node: GraphNode, context: PrintContext): Piece[] {
  const { domain, name, version } = node.operator;
  const label = node.name === "" ? "" : `${stringText(node.name)} `;
  const prefix = domain === "" ? "" : `${nameText(domain)}::`;
  const inputs = node.inputs.map((value) => (value === null ? "_" : context.names.of(value, value.name)));
  const head = `node ${label}${prefix}${nameText(name)}@${version}(${inputs.join(", ")})`;
  const pieces: Piece[] = [head, " -> (", ...join(node.outputs.map((value) => valuePieces(value, context))), ")"];
  for (const [key, value] of Object.entries(node.attributes)) {
    pieces.push(` with ${nameText(key)} = `, ...attributePieces(value, context));
  }
  for (const { output, input } of node.reuse) pieces.push(` reuse ${output} of ${input}`);
  if (node.device !== null) pieces.push(` device ${stringText(node.device)}`);
  return pieces;
}

function attributePieces(value: Attribute, context: PrintContext): Piece[] {
  const scalar = (item: number | bigint | string): string =>
    typeof item === "string" ? stringText(item) : typeof item === "bigint" ? `${item}n` : numberText(item);
  if (typeof value === "boolean") return [String(value)];
  if (typeof value !== "object") return [scalar(value)];
  if (Array.isArray(value)) return [`[${(value as readonly (number | bigint | string)[]).map(scalar).join(", ")}]`];
  if ("kind" in value) return [() => graphPieces(value, context)];
  return [blobText(value as BlobReference)];
}
