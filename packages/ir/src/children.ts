import { FIELDS, type Node, type NodeKind } from "./fields.js";

type UseFieldOf<K extends NodeKind> = {
  [F in keyof (typeof FIELDS)[K]]: (typeof FIELDS)[K][F] extends "use" ? F : never;
}[keyof (typeof FIELDS)[K]];
type UseField = { [K in NodeKind]: UseFieldOf<K> }[NodeKind] & string;

type Child = Node | readonly Node[] | null;
type Get = (node: never) => Child;

/**
 * One function a field, each with an access of its own: engines cache an access by the shapes that pass through it, and one
 * `node[field]` for all would miss. A `use` field of `FIELDS` that is missing here does not compile.
 */
const GETTERS: { readonly [F in UseField]: (node: { readonly [G in F]: Child }) => Child } = {
  operand: (node) => node.operand,
  left: (node) => node.left,
  right: (node) => node.right,
  condition: (node) => node.condition,
  whenTrue: (node) => node.whenTrue,
  whenFalse: (node) => node.whenFalse,
  indices: (node) => node.indices,
  predicate: (node) => node.predicate,
  base: (node) => node.base,
  stride: (node) => node.stride,
  vectors: (node) => node.vectors,
  args: (node) => node.args,
  sources: (node) => node.sources,
  initial: (node) => node.initial,
  min: (node) => node.min,
  extent: (node) => node.extent,
  body: (node) => node.body,
  value: (node) => node.value,
  then: (node) => node.then,
  otherwise: (node) => node.otherwise,
  stmts: (node) => node.stmts,
  reads: (node) => node.reads,
  writes: (node) => node.writes,
  shape: (node) => node.shape,
  strides: (node) => node.strides,
  mins: (node) => node.mins,
  extents: (node) => node.extents,
  functions: (node) => node.functions,
  results: (node) => node.results,
  identities: (node) => node.identities,
  bodies: (node) => node.bodies,
  nodes: (node) => node.nodes,
};

const EXPRESSIONS: ReadonlySet<string> = new Set(
  "Const Var Unary Binary Select IfThenElse Cast Reinterpret Load Ramp Broadcast Shuffle Call Read Reduce".split(" "),
);

/** What traversal needs to know of a kind. */
export interface Plan {
  /** Position in tables that have a row for each kind. */
  readonly index: number;
  readonly names: readonly string[];
  readonly getters: readonly Get[];
  readonly isExpr: boolean;
  readonly isLeaf: boolean;
}

const plan = (
  [kind, roles]: readonly [string, { readonly [field: string]: string }],
  index: number,
): readonly [string, Plan] => {
  const names = Object.keys(roles).filter((field) => roles[field] === "use");
  const getters = names.map((name) => GETTERS[name as UseField] as Get);
  return [kind, { index, names, getters, isExpr: EXPRESSIONS.has(kind), isLeaf: getters.length === 0 }];
};

/** By kind; made from `FIELDS`. Without a prototype, where engines look keys up that they cannot foresee at half the cost. */
export const PLANS: { readonly [K in NodeKind]: Plan } = Object.assign(
  Object.create(null),
  Object.fromEntries(Object.entries(FIELDS).map(plan)),
);

/** Whom a walk calls. */
export interface Asked<T> {
  /** By `Plan.index`. */
  readonly byIndex: readonly (T | undefined)[];
  /** Whether anybody asks for expressions: a walk that nobody asks for them passes all of them over, and half of all nodes are in them. */
  readonly expressions: boolean;
}

/** What stands in a table by kind, by index. */
export function asked<T>(byKind: { readonly [kind: string]: T | undefined }): Asked<T> {
  const byIndex: (T | undefined)[] = [];
  let expressions = false;
  for (const kind in byKind) {
    const each = byKind[kind];
    const of = PLANS[kind as NodeKind] as Plan | undefined;
    if (each === undefined || of === undefined) continue;
    byIndex[of.index] = each;
    if (of.isExpr) expressions = true;
  }
  return { byIndex, expressions };
}

/** Whether a walk need not stop at a node: nobody asks for it, nor for anything in it. */
export function isQuiet({ index, isExpr, isLeaf }: Plan, { byIndex, expressions }: Asked<unknown>): boolean {
  return (isLeaf || (isExpr && !expressions)) && byIndex[index] === undefined;
}

/** A shared expression that costs at least this many visits is remembered, so that meeting it again costs one. */
export const REMEMBERED = 16;

/** What a node uses, in evaluation order. */
export function childrenOf(node: Node): Node[] {
  const out: Node[] = [];
  for (const get of PLANS[node.kind].getters) {
    const child = get(node as never);
    if (Array.isArray(child)) for (const each of child as readonly Node[]) out.push(each);
    else if (child !== null && child !== undefined) out.push(child as Node);
  }
  return out;
}
