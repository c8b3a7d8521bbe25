import type { Node, NodeKind } from "./fields.js";
import { schemaOf } from "./schema.js";

/** Kinds whose names are for people. */
const NAMELESS: ReadonlySet<NodeKind> = new Set([
  "Var", "Buffer", "Value", "IterVar", "Tensor", "Placeholder", "Compute", "Scan", "Extern",
] as const); // biome-ignore format: a list
/** Kinds that count by the order in which they are met. */
const NUMBERED: ReadonlySet<NodeKind> = new Set(["Var", "Buffer", "Value", "IterVar", "Tensor"] as const);

interface Frame {
  readonly node: Node;
  readonly parts: readonly unknown[];
  position: number;
  hash: number;
}

/** A 32-bit number, the same for programs that are structurally equal. Names, spans and sharing do not count. Linear; iterative. */
export function structuralHash(root: Node | readonly Node[]): number {
  const hashes = new Map<Node, number>();
  const numbers = new Map<Node, number>();
  const open = (node: Node): Frame => {
    let hash = mixText(0x811c9dc5, node.kind);
    if (NUMBERED.has(node.kind)) {
      const number = numbers.get(node) ?? numbers.size;
      numbers.set(node, number);
      hash = mix(hash, number);
    }
    return { node, parts: partsOf(node), position: 0, hash };
  };
  let result = 1;
  for (const start of Array.isArray(root) ? (root as readonly Node[]) : [root as Node]) {
    const stack = hashes.has(start) ? [] : [open(start)];
    for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
      if (frame.position === frame.parts.length) {
        hashes.set(frame.node, frame.hash);
        stack.pop();
        continue;
      }
      const part = frame.parts[frame.position];
      const known = isNode(part) ? hashes.get(part) : mixText(3, keyOf(part));
      if (known === undefined) stack.push(open(part as Node));
      else {
        frame.hash = mix(frame.hash, known);
        frame.position++;
      }
    }
    result = mix(result, hashes.get(start) as number);
  }
  return result >>> 0;
}

/** A node's fields, flattened: nodes, and the data between them. */
function partsOf(node: Node): unknown[] {
  const parts: unknown[] = [];
  for (const field in schemaOf(node.kind)) {
    if (field === "name" && NAMELESS.has(node.kind)) continue;
    flatten((node as unknown as { readonly [field: string]: unknown })[field], parts);
  }
  return parts;
}

function flatten(root: unknown, parts: unknown[]): void {
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value !== "object" || value === null || isNode(value)) {
      parts.push(value);
      continue;
    }
    // The order of an object's keys means nothing.
    const entries = Array.isArray(value) ? value : Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    parts.push(entries.length);
    for (let position = entries.length - 1; position >= 0; position--) stack.push(entries[position]);
  }
}

function keyOf(value: unknown): string {
  return `${typeof value}:${Object.is(value, -0) ? "-0" : String(value)}`;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value && "span" in value;
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) | 0;
}

function mixText(start: number, text: string): number {
  let hash = start;
  for (let position = 0; position < text.length; position++)
    hash = Math.imul(hash ^ text.charCodeAt(position), 0x01000193);
  return hash;
}
