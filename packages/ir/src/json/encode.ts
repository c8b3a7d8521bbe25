import { CompileError, isNoSpan, type Span } from "@tilewright/diagnostics";
import { cannotWrite } from "../errors-format.js";
import type { Node } from "../fields.js";
import type { Json } from "../func.js";
import type { Attribute } from "../graph.js";
import { downgraded, HISTORY, type History, newestOf } from "../history.js";
import { type FieldType, schemaOf } from "../schema.js";
import type { Tensor, Trace } from "../tensor.js";
import { type EncodedIR, type EncodedNode, FORMAT } from "./format.js";

export type Encodable = Node | readonly Tensor[] | Trace;

export interface EncodeOptions {
  /** The version to write, for readers that know no newer one. Default `IR_VERSION`, the newest. */
  readonly version?: number;
}

/**
 * The JSON form of a program: plain data for `JSON.stringify`. Shared nodes are written once; −0, infinities, NaN and 64-bit integers as
 * strings. Iterative; linear in distinct nodes. @throws CompileError `IR901` for a version that does not exist, `IR903` for a program that
 * an older version cannot say
 */
export function encode(subject: Encodable, { version }: EncodeOptions = {}): EncodedIR {
  return encodeSince(HISTORY, subject, version);
}

/** As `encode`, where the forms aged by the steps of `history`. */
export function encodeSince(history: History, subject: Encodable, version = newestOf(history)): EncodedIR {
  if (!Number.isSafeInteger(version) || version < 1 || version > newestOf(history))
    throw new CompileError(cannotWrite(version, newestOf(history)));
  return downgraded(encodeNewest(subject, newestOf(history)), version, history);
}

function encodeNewest(subject: Encodable, version: number): EncodedIR {
  const head = { format: FORMAT, version } as const;
  if (!Array.isArray(subject) && !("kind" in subject)) {
    const { version: traceVersion, records } = subject as Trace;
    return {
      ...head,
      spans: [],
      nodes: [],
      root: { version: traceVersion, records: records as unknown as readonly Json[] },
    };
  }
  const roots = (Array.isArray(subject) ? subject : [subject]) as readonly Node[];
  const order = tableOrder(roots);
  const spans = createSpans();
  const nodes = [...order.keys()].map((node) => encodeNode(node, order, spans));
  const indices = roots.map((root) => order.get(root) as number);
  return { ...head, spans: spans.list, nodes, root: Array.isArray(subject) ? indices : (indices[0] as number) };
}

/** Every node that the roots reach, after all that it refers to, with its index. */
function tableOrder(roots: readonly Node[]): ReadonlyMap<Node, number> {
  const order = new Map<Node, number>();
  const entered = new Set<Node>();
  const stack: Node[] = [...roots].reverse();
  while (stack.length > 0) {
    const node = stack[stack.length - 1] as Node;
    if (order.has(node)) stack.pop();
    else if (entered.has(node)) {
      stack.pop();
      order.set(node, order.size);
    } else {
      entered.add(node);
      const references = referencesOf(node);
      for (let position = references.length - 1; position >= 0; position--) {
        const reference = references[position] as Node;
        if (!order.has(reference)) stack.push(reference);
      }
    }
  }
  return order;
}

type Fields = { readonly [field: string]: unknown };

function referencesOf(node: Node): Node[] {
  const references: Node[] = [];
  const schema = schemaOf(node.kind) ?? {};
  for (const name in schema) collect((node as unknown as Fields)[name], schema[name] as FieldType<unknown>, references);
  return references;
}

function collect(value: unknown, { form }: FieldType<unknown>, into: Node[]): void {
  if (value === null || form === "data") return;
  if (form === "node") into.push(value as Node);
  else if (form === "list") for (const each of value as readonly (Node | null)[]) each !== null && into.push(each);
  else if (form === "aliases") for (const pair of value as readonly (readonly Node[])[]) into.push(...pair);
  else if (form === "launch") {
    const { grid, block } = value as { readonly grid: readonly Node[]; readonly block: readonly Node[] };
    into.push(...grid, ...block);
  } else {
    for (const attribute of Object.values(value as { readonly [name: string]: Attribute })) {
      if (typeof attribute === "object" && "kind" in attribute) into.push(attribute);
    }
  }
}

function createSpans() {
  const list: (readonly [string, number, number])[] = [];
  const known = new Map<string, number>();
  return {
    list,
    indexOf: ({ file, line, column }: Span): number => {
      const key = `${line}:${column}:${file}`;
      const index = known.get(key) ?? list.push([file, line, column]) - 1;
      known.set(key, index);
      return index;
    },
  };
}

function encodeNode(node: Node, order: ReadonlyMap<Node, number>, spans: ReturnType<typeof createSpans>): EncodedNode {
  const schema = schemaOf(node.kind) ?? {};
  const fields: [string, unknown][] = [["kind", node.kind]];
  if (!isNoSpan(node.span)) fields.push(["span", spans.indexOf(node.span)]);
  for (const name in schema) {
    fields.push([name, encodeField((node as unknown as Fields)[name], schema[name] as FieldType<unknown>, order)]);
  }
  return Object.fromEntries(fields) as unknown as EncodedNode;
}

function encodeField(value: unknown, { form }: FieldType<unknown>, order: ReadonlyMap<Node, number>): unknown {
  const index = (node: Node | null): number | null => (node === null ? null : (order.get(node) as number));
  if (value === null) return null;
  if (form === "node") return index(value as Node);
  if (form === "list") return (value as readonly (Node | null)[]).map(index);
  if (form === "aliases") return (value as readonly (readonly Node[])[]).map((pair) => pair.map(index));
  if (form === "launch") {
    const { grid, block } = value as { readonly grid: readonly Node[]; readonly block: readonly Node[] };
    return { grid: grid.map(index), block: block.map(index) };
  }
  if (form === "data") return typeof value === "number" || typeof value === "bigint" ? encodeNumber(value) : value;
  return Object.entries(value as { readonly [name: string]: Attribute }).map(([name, each]) => [
    name,
    encodeAttribute(each, index),
  ]);
}

/** A number as JSON keeps it: what it would lose, and every bigint (`5n`), as a string. */
export function encodeNumber(value: number | bigint): number | string {
  if (typeof value === "bigint") return `${value}n`;
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? "-0" : String(value);
}

function encodeAttribute(value: Attribute, index: (node: Node) => number | null): unknown {
  if (typeof value === "number" || typeof value === "bigint") return { number: encodeNumber(value) };
  if (typeof value === "string") return { string: value };
  if (typeof value === "boolean") return { boolean: value };
  if ("kind" in value) return { graph: index(value) };
  if (!Array.isArray(value)) return { blob: value };
  const items = value as readonly (number | bigint | string)[];
  return typeof items[0] === "string"
    ? { strings: items }
    : { numbers: (items as readonly (number | bigint)[]).map(encodeNumber) };
}
