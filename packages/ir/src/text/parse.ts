import { CompileError, NO_SPAN } from "@tilewright/diagnostics";
import { missingHeader, newerVersion, wrongDocument } from "../errors-format.js";
import type { IRModule, PrimFunc } from "../func.js";
import type { Graph } from "../graph.js";
import { HISTORY, type History, newestOf, upgradedText } from "../history.js";
import type { Tensor, Trace } from "../tensor.js";
import { createCursor } from "./cursor.js";
import { tokenize } from "./lexer.js";
import { createExprReader } from "./parse-expr.js";
import { parseGraph } from "./parse-graph.js";
import { parseFunction, parseModule } from "./parse-stmt.js";
import { parseTensors } from "./parse-tensor.js";
import { parseTrace } from "./parse-trace.js";

/** What a text holds. */
export type Document = PrimFunc | IRModule | Graph | readonly Tensor[] | Trace;

export interface ParseOptions {
  /** The file's name: nodes then carry their places in it. Without it they carry none. */
  readonly file?: string;
}

/**
 * Reads the text form. Checks names and syntax; types and scopes are the verifier's.
 * @throws CompileError `IR501`–`IR508`, `IR902`, with line and column
 */
export function parse(text: string, options: ParseOptions = {}): Document {
  return parseSince(HISTORY, text, options);
}

/** As `parse`, where the forms aged by the steps of `history`. */
export function parseSince(history: History, text: string, options: ParseOptions = {}): Document {
  const version = versionOf(text, options.file ?? "", newestOf(history));
  const tokens = upgradedText(tokenize(text, options.file ?? ""), version, history);
  const cursor = createCursor(tokens, text, options.file ?? null);
  const exprs = createExprReader(cursor);
  const document = parseDocument();
  if (cursor.peek().type !== "end") cursor.fail("the end of the text");
  return document;

  function parseDocument(): Document {
    const { text: word } = cursor.peek();
    if (word === "module") return parseModule(cursor, exprs);
    if (word === "graph") return parseGraph(cursor, exprs);
    if (word === "tensors") return parseTensors(cursor, exprs);
    if (word === "trace") return parseTrace(cursor);
    if (word === "prim_func" || cursor.peek(1).text === "prim_func") return parseFunction(cursor, exprs);
    return cursor.fail("prim_func, module, tensors, graph or trace");
  }
}

/** The version that the first line names. */
function versionOf(text: string, file: string, newest: number): number {
  const [first = ""] = text.split("\n", 1);
  const match = /^\/\/ tilewright-ir ([1-9]\d{0,8})\s*$/.exec(first);
  const span = { file, line: 1, column: 1 };
  if (match === null) throw new CompileError(missingHeader(first.slice(0, 80), newest, span));
  const version = Number(match[1]);
  if (version > newest) throw new CompileError(newerVersion(version, newest, span));
  return version;
}

/** @throws CompileError as `parse`, and `IR508` for another kind of document. */
export function parseFunctionText(text: string, options: ParseOptions = {}): PrimFunc {
  const document = parse(text, options);
  if ("kind" in document && document.kind === "PrimFunc") return document;
  throw new CompileError(wrongDocument("a function", nameOf(document), NO_SPAN));
}

/** A module; a lone function becomes a module of one. @throws CompileError as `parse`, and `IR508` for another kind of document. */
export function parseModuleText(text: string, options: ParseOptions = {}): IRModule {
  const document = parse(text, options);
  if ("kind" in document && document.kind === "IRModule") return document;
  if ("kind" in document && document.kind === "PrimFunc") {
    return { kind: "IRModule", span: document.span, functions: [document], attributes: {} };
  }
  throw new CompileError(wrongDocument("a module", nameOf(document), NO_SPAN));
}

/** @throws CompileError as `parse`, and `IR508` for another kind of document. */
export function parseTraceText(text: string, options: ParseOptions = {}): Trace {
  const document = parse(text, options);
  if (!Array.isArray(document) && !("kind" in document)) return document as Trace;
  throw new CompileError(wrongDocument("a trace", nameOf(document), NO_SPAN));
}

function nameOf(document: Document): string {
  return Array.isArray(document) ? "tensors" : "kind" in document ? document.kind : "a trace";
}
