import { FIELDS, type Node, type NodeKind } from "./fields.js";
import { schemaOf } from "./schema.js";

/** Where two structures first differ: `body.stmts[2].value.left`, and what stands there. */
export interface Difference {
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/** Kinds with identity: one of the left goes with one of the right, wherever both occur. */
const IDENTITIES: ReadonlySet<NodeKind> = new Set([
  "Var", "Buffer", "Value", "IterVar", "Combiner", "Tensor", "Placeholder", "Compute", "Scan", "Extern",
] as const); // biome-ignore format: a list
/** Those of them that equal only themselves when nothing binds them. */
const BINDABLE: ReadonlySet<NodeKind> = new Set(["Var", "Buffer", "Value"] as const);

interface Path {
  readonly parent: Path | null;
  readonly step: string;
}
interface Pair {
  readonly left: unknown;
  readonly right: unknown;
  readonly path: Path | null;
  readonly binds: boolean;
}

/**
 * True when two programs are the same but for names and spans: bound variables, buffers and values correspond (alpha-equivalence), free ones are the
 * same object; tensors, combiners and operations compare by structure; sharing of expressions does not matter. Linear; iterative.
 */
export function structuralEqual(left: Node | readonly Node[], right: Node | readonly Node[]): boolean {
  return firstDifference(left, right) === null;
}

/** As `structuralEqual`, with the place of the first difference; null when there is none. */
export function firstDifference(left: Node | readonly Node[], right: Node | readonly Node[]): Difference | null {
  const there = new Map<Node, Node>();
  const back = new Map<Node, Node>();
  const compared = new Map<Node, Node>();
  const bound = new Set<Node>();
  const assumed: { readonly left: Node; readonly right: Node; readonly path: Path | null }[] = [];
  const stack: Pair[] = [{ left, right, path: null, binds: false }];
  for (let pair = stack.pop(); pair !== undefined; pair = stack.pop()) {
    if (!isNode(pair.left) || !isNode(pair.right)) {
      const parts = partsOf(pair);
      if (parts === null) return difference(pair.left, pair.right, pair.path);
      for (let position = parts.length - 1; position >= 0; position--) stack.push(parts[position] as Pair);
      continue;
    }
    const { left: a, right: b, path, binds } = pair;
    if (a.kind !== b.kind) return difference(a, b, path);
    if (IDENTITIES.has(a.kind)) {
      if (binds) bound.add(a);
      const known = there.get(a);
      if (known === b) continue;
      if (known !== undefined || back.has(b)) return difference(a, b, path);
      there.set(a, b);
      back.set(b, a);
      if (BINDABLE.has(a.kind) && a !== b) assumed.push({ left: a, right: b, path });
    } else if (compared.get(a) === b) continue;
    else compared.set(a, b);
    const parts = fieldsOf(a, b, path);
    for (let position = parts.length - 1; position >= 0; position--) stack.push(parts[position] as Pair);
  }
  const free = assumed.find((pair) => !bound.has(pair.left));
  return free === undefined ? null : difference(free.left, free.right, free.path);
}

function fieldsOf(a: Node, b: Node, path: Path | null): Pair[] {
  const roles = FIELDS[a.kind] as { readonly [field: string]: string };
  const pairs: Pair[] = [];
  for (const step in schemaOf(a.kind)) {
    if (step === "name" && IDENTITIES.has(a.kind) && a.kind !== "Combiner") continue;
    const [left, right] = [a, b].map((each) => (each as unknown as { readonly [field: string]: unknown })[step]);
    if (Object.is(left, right) && typeof left !== "object") continue;
    pairs.push({ left, right, path: { parent: path, step }, binds: roles[step] === "bind" });
  }
  return pairs;
}

/** The parts of data or of lists of nodes, to be compared one by one; null when they differ already. */
function partsOf({ left, right, path, binds }: Pair): Pair[] | null {
  if (Object.is(left, right) && typeof left !== "object") return [];
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
    return Object.is(left, right) ? [] : null;
  }
  const [a, b] = [left as { readonly [key: string]: unknown }, right as { readonly [key: string]: unknown }];
  const keys = Object.keys(a);
  if (Array.isArray(a) !== Array.isArray(b) || isNode(a) !== isNode(b) || keys.length !== Object.keys(b).length)
    return null;
  if (!keys.every((key) => Object.hasOwn(b, key))) return null;
  return keys.map((step) => ({ left: a[step], right: b[step], path: { parent: path, step }, binds }));
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "kind" in value && "span" in value;
}

function difference(left: unknown, right: unknown, path: Path | null): Difference {
  const steps: string[] = [];
  for (let at = path; at !== null; at = at.parent) steps.push(/^\d+$/.test(at.step) ? `[${at.step}]` : `.${at.step}`);
  return { path: steps.reverse().join("").replace(/^\./, ""), left: textOf(left), right: textOf(right) };
}

function textOf(value: unknown): string {
  if (isNode(value)) return "name" in value ? `${value.kind} ${value.name}` : value.kind;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null)
    return `an object with ${Object.keys(value).join(", ") || "no fields"}`;
  return typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
}
