import { CompileError, type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";
import { unfoldsTooFar } from "../errors.js";
import { badField, badReference, newerVersion, notADocument, unknownKind, wrongRoot } from "../errors-format.js";
import type { Node, NodeKind, NodeOf } from "../fields.js";
import { HISTORY, type History, newestOf, type RawDocument, upgraded } from "../history.js";
import { schemaOf } from "../schema.js";
import type { Tensor, Trace } from "../tensor.js";
import { decodeField, describe, isRecord, type Problems, type Table } from "./decode-field.js";
import { decodeTrace } from "./decode-trace.js";
import { FORMAT } from "./format.js";

/** Statements that a document may unfold to when shared ones are counted wherever they stand. */
const MOST_STATEMENTS = 4_000_000;
const MOST_PROBLEMS = 20;
/** Kinds that traversals visit wherever they stand: sharing them multiplies work. */
const UNFOLDED: ReadonlySet<string> = new Set([
  "For", "While", "Store", "If", "Let", "Register", "Assign", "Allocate", "Seq", "Assert", "Evaluate", "Atomic", "Barrier", "Async", "PushToken",
  "PopToken", "Synchronize", "KernelCall", "ParallelCall", "PrimFunc", "IRModule", "Graph", "GraphNode",
]); // biome-ignore format: a list

/**
 * Reads what `encode` wrote, of this or an older version, as it came from `JSON.parse`. Every field is checked; the program's own rules are the
 * verifier's. @throws CompileError `IR211`, `IR601`–`IR605`, `IR902`
 */
export function decode(data: unknown): Node | readonly Tensor[] | Trace {
  return decodeSince(HISTORY, data);
}

/** As `decode`, where the forms aged by the steps of `history`. */
export function decodeSince(history: History, data: unknown): Node | readonly Tensor[] | Trace {
  const document = openDocument(data, history);
  const diagnostics: Diagnostic[] = [];
  const problems: Problems = {
    add: (diagnostic) => {
      if (diagnostics.length < MOST_PROBLEMS) diagnostics.push(diagnostic);
    },
  };
  const result = readRoot(document, problems);
  const [first, ...rest] = diagnostics;
  if (first !== undefined) throw new CompileError(first, ...rest);
  return result as Node | readonly Tensor[] | Trace;
}

/** As `decode`, from text. @throws CompileError as `decode`, and `IR601` for text that is no JSON */
export function decodeText(text: string): Node | readonly Tensor[] | Trace {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw new CompileError(notADocument("JSON", error instanceof Error ? error.message : "something else"));
  }
  return decode(data);
}

/** As `decode`, for one kind of node. @throws CompileError as `decode`, and `IR604` for another kind */
export function decodeAs<K extends NodeKind>(kind: K, data: unknown): NodeOf<K> {
  const result = decode(data);
  if (!Array.isArray(result) && "kind" in result && result.kind === kind) return result as NodeOf<K>;
  throw new CompileError(
    wrongRoot(kind, "kind" in result ? result.kind : Array.isArray(result) ? "tensors" : "a trace"),
  );
}

function openDocument(data: unknown, history: History): RawDocument {
  if (!isRecord(data) || data.format !== FORMAT) {
    throw new CompileError(
      notADocument(
        `an object whose format is "${FORMAT}"`,
        isRecord(data) ? `format ${describe(data.format)}` : describe(data),
      ),
    );
  }
  const { version } = data;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) {
    throw new CompileError(badField("version", "a positive integer", describe(version)));
  }
  if (version > newestOf(history)) throw new CompileError(newerVersion(version, newestOf(history), NO_SPAN));
  return upgraded(data, version, history);
}

function readRoot({ root, nodes, spans }: RawDocument, problems: Problems): unknown {
  if (isRecord(root)) return decodeTrace(root, problems);
  if (!Array.isArray(nodes) || !Array.isArray(spans)) {
    return problems.add(
      badField(Array.isArray(nodes) ? "spans" : "nodes", "a list", describe(Array.isArray(nodes) ? spans : nodes)),
    );
  }
  const table = readTable(nodes, readSpans(spans, problems), problems);
  const nodeAt = (index: unknown, path: string, expected: string): Node | undefined => {
    const node = typeof index === "number" ? table.nodes[index] : undefined;
    if (node === undefined) problems.add(badReference(path, expected, describe(index)));
    return node;
  };
  if (!Array.isArray(root)) return nodeAt(root, "root", "the index of a node");
  return Array.from(root as readonly unknown[], (index, position) => {
    const node = nodeAt(index, `root[${position}]`, "the index of a tensor");
    if (node !== undefined && node.kind !== "Tensor")
      problems.add(badReference(`root[${position}]`, "the index of a tensor", node.kind));
    return node;
  });
}

function readSpans(spans: readonly unknown[], problems: Problems): readonly Span[] {
  const natural = (value: unknown): value is number =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
  return spans.map((span, position) => {
    const [file, line, column] = Array.isArray(span) ? (span as readonly unknown[]) : [];
    if (typeof file === "string" && natural(line) && natural(column)) return { file, line, column };
    problems.add(badField(`spans[${position}]`, "[file, line, column]", describe(span)));
    return NO_SPAN;
  });
}

/** Nodes in order: each refers to earlier ones only, so that one pass suffices and no cycle can be. Stops at the first node with a problem. */
function readTable(encoded: readonly unknown[], spans: readonly Span[], problems: Problems): Table {
  const table: Table = { nodes: [], unfolded: [], pending: 0 };
  for (const [position, raw] of encoded.entries()) {
    const node = readNode(raw, `nodes[${position}]`, spans, table, problems);
    if (node === undefined) break;
    table.nodes.push(node);
    const size = (UNFOLDED.has(node.kind) ? 1 : 0) + table.pending;
    if (size > MOST_STATEMENTS) {
      problems.add(unfoldsTooFar(MOST_STATEMENTS, node.span));
      break;
    }
    table.unfolded.push(size);
  }
  return table;
}

function readNode(
  raw: unknown,
  path: string,
  spans: readonly Span[],
  table: Table,
  problems: Problems,
): Node | undefined {
  const kind = isRecord(raw) && Object.hasOwn(raw, "kind") ? raw.kind : undefined;
  const schema = typeof kind === "string" ? schemaOf(kind) : undefined;
  if (!isRecord(raw) || schema === undefined) {
    problems.add(unknownKind(`${path}.kind`, describe(kind)));
    return undefined;
  }
  const extra = Object.keys(raw).find((name) => name !== "kind" && name !== "span" && !Object.hasOwn(schema, name));
  if (extra !== undefined)
    problems.add(badField(`${path}.${extra}`, `a field of ${String(kind)}`, "a field it does not have"));
  const span = raw.span === undefined ? NO_SPAN : spans[raw.span as number];
  if (span === undefined) problems.add(badReference(`${path}.span`, "the index of a span", describe(raw.span)));
  const node: { [field: string]: unknown } = { kind, span };
  let fine = extra === undefined && span !== undefined;
  table.pending = 0;
  for (const name in schema) {
    const type = schema[name];
    if (type === undefined) continue;
    const value = decodeField(
      Object.hasOwn(raw, name) ? raw[name] : undefined,
      type,
      `${path}.${name}`,
      table,
      problems,
    );
    if (value === undefined) fine = false;
    node[name] = value;
  }
  return fine ? (node as unknown as Node) : undefined;
}
