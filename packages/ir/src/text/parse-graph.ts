import type { Var } from "../expr.js";
import type { Attribute, BlobReference, Constant, DimensionSymbol, Graph, GraphNode, State, Value } from "../graph.js";
import {
  attributesClause,
  type Cursor,
  dtypeWord,
  listUntil,
  parenthesizedList,
  stringLiteral,
  wholeNumber,
} from "./cursor.js";
import type { Token } from "./lexer.js";
import type { ExprReader } from "./parse-expr.js";

/** `graph name { … }`; names hold for the whole document, also inside nested graphs. */
export function parseGraph(cursor: Cursor, exprs: ExprReader): Graph {
  const span = cursor.span();
  cursor.expect("graph");
  const name = cursor.name("the name of a graph");
  const attributes = attributesClause(cursor);
  cursor.expect("{");
  return cursor.nested(() => {
    const symbols: DimensionSymbol[] = [];
    const inputs: Value[] = [];
    const constants: Constant[] = [];
    const states: (State & { readonly after: Token | null })[] = [];
    const nodes: GraphNode[] = [];
    const outputs: Value[] = [];
    while (!cursor.accept("}")) {
      const at = cursor.span();
      if (cursor.accept("symbol")) symbols.push(parseSymbol(cursor, at));
      else if (cursor.accept("input")) inputs.push(parseValue(cursor, exprs));
      else if (cursor.accept("constant")) constants.push(parseConstant(cursor, exprs, at));
      else if (cursor.accept("state")) states.push(parseState(cursor, exprs, at));
      else if (cursor.accept("node")) nodes.push(parseNode(cursor, exprs, at));
      else if (cursor.accept("output")) {
        do outputs.push(valueName(cursor));
        while (cursor.accept(","));
      } else cursor.fail("symbol, input, constant, state, node, output or `}`");
    }
    // What a state becomes is computed by nodes that come later.
    const resolved = states.map(({ after, ...state }): State => {
      return { ...state, next: after === null ? null : cursor.lookup(after.text, ["Value"], after) };
    });
    return { kind: "Graph", span, name, symbols, inputs, outputs, constants, states: resolved, nodes, attributes };
  });
}

function parseSymbol(cursor: Cursor, span: Graph["span"]): DimensionSymbol {
  const name = cursor.name("the name of a symbol");
  const variable: Var = cursor.define(name, { kind: "Var", span, dtype: "index", lanes: 1, name } as const);
  cursor.expect("from");
  const min = wholeNumber(cursor, true);
  cursor.expect("to");
  return { kind: "DimensionSymbol", span, variable, min, max: wholeNumber(cursor, true) };
}

function parseValue(cursor: Cursor, exprs: ExprReader): Value {
  const span = cursor.span();
  const name = cursor.name("the name of a value");
  cursor.expect(":");
  const dtype = dtypeWord(cursor);
  cursor.expect("[");
  const shape = listUntil(cursor, "]", exprs.expr);
  return cursor.define(name, { kind: "Value", span, name, dtype, shape } as const);
}

function valueName(cursor: Cursor): Value {
  const at = cursor.peek();
  return cursor.lookup(cursor.name("the name of a value"), ["Value"], at);
}

function blob(cursor: Cursor): BlobReference {
  cursor.expect("blob");
  const name = stringLiteral(cursor);
  cursor.expect("from");
  const offset = wholeNumber(cursor);
  cursor.expect("bytes");
  return { blob: name, offset, byteLength: wholeNumber(cursor) };
}

function parseConstant(cursor: Cursor, exprs: ExprReader, span: Graph["span"]): Constant {
  const value = parseValue(cursor, exprs);
  cursor.expect("=");
  return { kind: "Constant", span, value, data: blob(cursor) };
}

function parseState(cursor: Cursor, exprs: ExprReader, span: Graph["span"]): State & { readonly after: Token | null } {
  const value = parseValue(cursor, exprs);
  let after: Token | null = null;
  if (cursor.accept("next")) {
    after = cursor.peek();
    cursor.name("the name of a value");
  }
  const initial = cursor.accept("initial") ? blob(cursor) : null;
  return { kind: "State", span, value, next: null, initial, after };
}

function parseNode(cursor: Cursor, exprs: ExprReader, span: Graph["span"]): GraphNode {
  const label = cursor.peek().type === "string" ? cursor.next().text : "";
  let domain = "";
  let name = cursor.name("the name of an operator");
  if (cursor.accept("::")) {
    domain = name;
    name = cursor.name("the name of an operator");
  }
  cursor.expect("@");
  const version = wholeNumber(cursor);
  const inputs = parenthesizedList(cursor, () =>
    cursor.peek().type === "name" && cursor.accept("_") ? null : valueName(cursor),
  );
  cursor.expect("->");
  const outputs = parenthesizedList(cursor, () => parseValue(cursor, exprs));
  const attributes: [string, Attribute][] = [];
  while (cursor.accept("with")) {
    const key = cursor.name("the name of an attribute");
    cursor.expect("=");
    attributes.push([key, attribute(cursor, exprs)]);
  }
  const reuse: { readonly output: number; readonly input: number }[] = [];
  while (cursor.accept("reuse")) {
    const output = wholeNumber(cursor);
    cursor.expect("of");
    reuse.push({ output, input: wholeNumber(cursor) });
  }
  const device = cursor.accept("device") ? stringLiteral(cursor) : null;
  const operator = { domain, name, version };
  return {
    kind: "GraphNode",
    span,
    name: label,
    operator,
    inputs,
    outputs,
    attributes: Object.fromEntries(attributes),
    reuse,
    device,
  };
}

function attribute(cursor: Cursor, exprs: ExprReader): Attribute {
  const { text, type } = cursor.peek();
  if (type === "name" && text === "graph") return parseGraph(cursor, exprs);
  if (type === "name" && text === "blob") return blob(cursor);
  if (type === "name" && (text === "true" || text === "false")) return cursor.next().text === "true";
  if (!cursor.accept("[")) return scalar(cursor);
  const items = listUntil(cursor, "]", () => scalar(cursor));
  if (items.some((item) => typeof item !== typeof items[0])) cursor.fail("a list of one type");
  return items as readonly number[];
}

/** A number, a bigint as `5n`, or a string. */
function scalar(cursor: Cursor): number | bigint | string {
  if (cursor.peek().type === "string") return cursor.next().text;
  const sign = cursor.accept("-") ? -1 : 1;
  const { text, type } = cursor.peek();
  if (type === "name" && (text === "inf" || text === "nan")) {
    cursor.next();
    return text === "inf" ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  if (type !== "number") return cursor.fail("a number, a string or a list of them");
  cursor.next();
  if (
    cursor.peek().text !== "n" ||
    cursor.peek().offset !== cursor.peek(-1).offset + text.length ||
    !/^\d+$/.test(text)
  )
    return sign * Number(text);
  cursor.next();
  return BigInt(sign) * BigInt(text);
}
