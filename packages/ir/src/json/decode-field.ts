import type { Diagnostic } from "@tilewright/diagnostics";
import { badField, badReference } from "../errors-format.js";
import type { Node } from "../fields.js";
import type { Json } from "../func.js";
import type { Attribute, BlobReference } from "../graph.js";
import { type FieldType, isBlob } from "../schema.js";

export interface Problems {
  readonly add: (diagnostic: Diagnostic) => void;
}

/** The nodes read so far. */
export interface Table {
  readonly nodes: Node[];
  /** Statements that each unfolds to. */
  readonly unfolded: number[];
  /** Statements that the node at hand unfolds to, itself left out. */
  pending: number;
}

const DEEPEST_JSON = 200;

export function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value in a few words, for diagnostics. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isRecord(value)) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** One field; undefined after a problem was reported. */
export function decodeField(
  raw: unknown,
  type: FieldType<unknown>,
  path: string,
  table: Table,
  problems: Problems,
): unknown {
  if (raw === null && type.nullable) return null;
  const refuse = (actual: unknown = raw): undefined =>
    problems.add(badField(path, type.words, describe(actual))) as undefined;
  const reference = (index: unknown, at: string): Node | undefined => resolve(index, type, at, table, problems);
  const references = (list: unknown, at: string): readonly (Node | null)[] | undefined => {
    if (!Array.isArray(list)) return refuse(list);
    const found = Array.from(list as readonly unknown[], (index, position) =>
      index === null && type.holes ? null : reference(index, `${at}[${position}]`),
    );
    return found.includes(undefined) ? undefined : (found as readonly (Node | null)[]);
  };
  switch (type.form) {
    case "node":
      return reference(raw, path);
    case "list":
      return references(raw, path);
    case "launch": {
      if (!isRecord(raw)) return refuse();
      const [grid, block] = [references(raw.grid, `${path}.grid`), references(raw.block, `${path}.block`)];
      return grid === undefined || block === undefined ? undefined : { grid, block };
    }
    case "aliases": {
      if (!Array.isArray(raw)) return refuse();
      const pairs = raw.map((pair, position) => references(pair, `${path}[${position}]`));
      return pairs.every((pair) => pair?.length === 2) ? pairs : refuse();
    }
    case "attributes":
      return decodeAttributes(raw, path, reference, refuse);
    default:
      return decodeData(raw, type, refuse);
  }
}

function resolve(
  index: unknown,
  { words, kinds }: FieldType<unknown>,
  path: string,
  table: Table,
  problems: Problems,
): Node | undefined {
  const node = typeof index === "number" ? table.nodes[index] : undefined;
  if (node === undefined || !kinds.includes(node.kind)) {
    problems.add(badReference(path, `${words}, by the index of an earlier node`, node?.kind ?? describe(index)));
    return undefined;
  }
  table.pending += table.unfolded[index as number] ?? 0;
  return node;
}

/** Plain data is copied, since its object came from outside; strings that stand for numbers become numbers where no string is taken. */
function decodeData(raw: unknown, type: FieldType<unknown>, refuse: () => undefined): unknown {
  const value = type.accepts("") || typeof raw !== "string" || type.accepts(raw) ? raw : decodeNumber(raw);
  if (value === undefined || !type.accepts(value)) return refuse();
  return typeof value === "object" && value !== null ? (copyJson(value, 0) ?? refuse()) : value;
}

/** What `encodeNumber` wrote as a string; undefined for any other string. */
function decodeNumber(text: string): number | bigint | undefined {
  if (/^-?\d{1,40}n$/.test(text)) return BigInt(text.slice(0, -1));
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity" || text === "-Infinity" || text === "-0") return Number(text);
  return undefined;
}

/** A copy without surprises: no prototype but the usual, limited nesting. Undefined for what is no JSON. */
export function copyJson(value: unknown, depth: number): Json | undefined {
  if (depth > DEEPEST_JSON) return undefined;
  if (value === null || typeof value === "string" || typeof value === "boolean" || typeof value === "number")
    return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => copyJson(item, depth + 1));
    return items.includes(undefined) ? undefined : (items as Json[]);
  }
  if (!isRecord(value)) return undefined;
  const entries = Object.entries(value).map(([key, item]) => [key, copyJson(item, depth + 1)] as const);
  return entries.some(([, item]) => item === undefined) ? undefined : (Object.fromEntries(entries) as Json);
}

type Refuse = (actual?: unknown) => undefined;

function decodeAttributes(
  raw: unknown,
  path: string,
  graph: (index: unknown, at: string) => Node | undefined,
  refuse: Refuse,
): unknown {
  if (!Array.isArray(raw)) return refuse();
  const entries: [string, Attribute][] = [];
  for (const entry of raw as readonly unknown[]) {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== "string" || !isRecord(entry[1]))
      return refuse(entry);
    const [name, tagged] = entry as [string, { readonly [tag: string]: unknown }];
    const value = decodeAttribute(tagged, (index) => graph(index, `${path}.${name}`));
    if (value === undefined) return refuse(tagged);
    entries.push([name, value]);
  }
  return Object.fromEntries(entries);
}

function decodeAttribute(
  tagged: { readonly [tag: string]: unknown },
  graph: (index: unknown) => Node | undefined,
): Attribute | undefined {
  const [tag, ...more] = Object.keys(tagged);
  if (tag === undefined || more.length > 0) return undefined;
  const value = tagged[tag];
  const number = (item: unknown): number | bigint | undefined =>
    typeof item === "number" ? item : typeof item === "string" ? decodeNumber(item) : undefined;
  if (tag === "number") return number(value);
  if (tag === "string") return typeof value === "string" ? value : undefined;
  if (tag === "boolean") return typeof value === "boolean" ? value : undefined;
  if (tag === "graph") return graph(value) as Attribute | undefined;
  if (tag === "blob") return isBlob(value) ? (copyJson(value, 0) as unknown as BlobReference) : undefined;
  if (!Array.isArray(value)) return undefined;
  if (tag === "strings") return value.every((item) => typeof item === "string") ? [...(value as string[])] : undefined;
  if (tag !== "numbers") return undefined;
  const numbers = value.map(number);
  return numbers.every((item) => item !== undefined && typeof item === typeof numbers[0])
    ? (numbers as number[])
    : undefined;
}
