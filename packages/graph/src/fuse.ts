import type { Graph, GraphNode, Value } from "@tilewright/ir";
import { type Operators, operatorKey, operatorOf, shapeOf } from "@tilewright/ops";
import { attributeKey } from "./merge-equal-nodes.js";
import { nodeTensors } from "./node-tensors.js";
import { type AccessKind, type Structure, type StructureKind, structureOf } from "./structure.js";

/** Nodes that become one kernel; `view`: no kernel at all, the output is the input's memory. */
export interface FusedGroup {
  /** In topological order; the last one makes the outputs. */
  readonly nodes: readonly GraphNode[];
  /** Values read from outside, in the order of their first use. */
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly kind: StructureKind | "view";
}

export interface FuseOptions {
  readonly operators: Operators;
  /** Most nodes of a group. */
  readonly maxNodes?: number;
  /** Most values that a group reads. */
  readonly maxInputs?: number;
}

interface Draft {
  readonly nodes: GraphNode[];
  readonly inputs: Set<Value>;
  heavy: StructureKind | null;
  kind: FusedGroup["kind"];
  /** Rows of all nodes; null where they differ. */
  readonly rows: number | null;
  /** Some node joined since rows are the same: all others must have them too. */
  byRow: boolean;
}

interface Member {
  readonly group: Draft;
  /** Every path from the node to the group's last is elementwise. */
  readonly elementwise: boolean;
  /** Elements are computed more than once when the node is inlined. */
  readonly repeated: boolean;
  /** The node joins since the group works row by row. */
  readonly byRow: boolean;
}

const RANK: readonly FusedGroup["kind"][] = ["elementwise", "broadcast", "injective", "reduction", "anchor"];

/**
 * Rule: a node joins the group of its readers when they all stand in one group and nothing else needs its value. What is joined follows from
 * the structure of the expressions alone:
 * - a node without a fold joins as an operand; where it would be computed repeatedly (read by a broadcast, by a matrix product, or several
 *   times by a fold) only when it is cheap; a matrix product takes elementwise operands only;
 * - a fold or a matrix product joins when the group has none yet and the rest of the group follows it elementwise, as an epilogue.
 * - what can end a fold or a product does not become an operand of the next one;
 * - folds of the same rows, each row from itself alone, join whatever is between them, and with it: a row is read while it is in cache.
 * A group has one last node, so fusing can never make a cycle. Views, opaque operators and operators of several outputs stay alone.
 * Deterministic; one pass from the last node to the first.
 */
export function fuse(graph: Graph, { operators, maxNodes = 32, maxInputs = 12 }: FuseOptions): readonly FusedGroup[] {
  const readers = readersOf(graph);
  const kept = new Set<Value>([...graph.outputs, ...graph.states.flatMap(({ next }) => (next === null ? [] : [next]))]);
  const members = new Map<GraphNode, Member>();
  const structures = structuresOf(graph, operators);
  const epilogues = epiloguesOf(graph, structures, readers, kept);
  const drafts: Draft[] = [];
  for (let position = graph.nodes.length - 1; position >= 0; position--) {
    const node = graph.nodes[position];
    if (node === undefined) continue;
    const structure = structures.get(node) ?? nodeStructure(node, operators);
    const view = operatorOf(operators, node).view === true;
    const joined =
      view || node.outputs.some((output) => kept.has(output))
        ? null
        : join(node, structure, { readers, members, structures, epilogues });
    const fits =
      joined !== null && joined.group.nodes.length < maxNodes && inputsWith(joined.group, node).size <= maxInputs;
    if (fits) {
      members.set(node, joined);
      joined.group.byRow ||= joined.byRow;
      extend(joined.group, node, structure);
      continue;
    }
    const heavy = isHeavy(structure) ? structure.kind : null;
    const group: Draft = {
      nodes: [node],
      inputs: inputsOf(node),
      heavy,
      kind: view ? "view" : structure.kind,
      rows: view || structure.kind === "anchor" ? null : structure.rows,
      byRow: false,
    };
    members.set(node, { group, elementwise: true, repeated: false, byRow: false });
    drafts.push(group);
  }
  return drafts.reverse().map(finish);
}

const isHeavy = ({ kind }: Structure): boolean => kind === "reduction" || kind === "anchor";

interface JoinContext {
  readonly readers: ReadonlyMap<Value, readonly GraphNode[]>;
  readonly members: ReadonlyMap<GraphNode, Member>;
  readonly structures: ReadonlyMap<GraphNode, Structure>;
  readonly epilogues: ReadonlyMap<GraphNode, StructureKind>;
}

/**
 * Nodes that may end a fold or a matrix product, with the kind of what they end: those themselves, and what follows one elementwise as its only
 * reader. They do not become operands of the next fold: computing them where their input is made costs nothing.
 */
function epiloguesOf(
  graph: Graph,
  structures: ReadonlyMap<GraphNode, Structure>,
  readers: ReadonlyMap<Value, readonly GraphNode[]>,
  kept: ReadonlySet<Value>,
): ReadonlyMap<GraphNode, StructureKind> {
  const epilogues = new Map<GraphNode, StructureKind>();
  const ending = new Map<Value, StructureKind>();
  for (const node of graph.nodes) {
    const structure = structures.get(node);
    if (structure === undefined || structure.kind === "opaque") continue;
    const inputs = node.inputs.filter((input) => input !== null);
    const ended = inputs.flatMap((input, position) =>
      structure.accesses[position] === "elementwise" ? (ending.get(input) ?? []) : [],
    );
    const kind = isHeavy(structure) ? structure.kind : ended.includes("anchor") ? "anchor" : ended[0];
    if (kind === undefined) continue;
    epilogues.set(node, kind);
    for (const output of node.outputs) {
      if (!kept.has(output) && readers.get(output)?.length === 1) ending.set(output, kind);
    }
  }
  return epilogues;
}

function join(
  node: GraphNode,
  structure: Structure,
  { readers, members, structures, epilogues }: JoinContext,
): Member | null {
  const [output] = node.outputs;
  if (output === undefined || node.outputs.length > 1 || structure.kind === "opaque") return null;
  const consumers = readers.get(output) ?? [];
  const [first] = consumers.map((consumer) => members.get(consumer));
  if (first === undefined || first.group.kind === "view" || first.group.kind === "opaque") return null;
  const byRow = joinsByRow(structure, first.group, epilogues.get(node));
  if (first.group.byRow && !byRow) return null;
  let [elementwise, repeated] = [true, false];
  for (const consumer of consumers) {
    const member = members.get(consumer);
    const its = structures.get(consumer);
    if (member?.group !== first.group || its === undefined) return null;
    const access = accessTo(output, consumer, its);
    const ends = !isHeavy(structure) && epilogues.has(node) && !byRow;
    if (isHeavy(its) && access.kind !== "elementwise" && ends) return null;
    if (
      its.kind === "anchor" &&
      (access.kind === "reduction" || access.kind === "injective") &&
      !(structure.kind === "elementwise" && consumers.length === 1)
    )
      return null;
    elementwise &&= access.kind === "elementwise" && member.elementwise;
    repeated ||=
      member.repeated || access.kind === "broadcast" || (isHeavy(its) && (its.kind === "anchor" || access.reads > 1));
  }
  const member: Member = { group: first.group, elementwise, repeated, byRow: false };
  if (isHeavy(structure) ? elementwise && first.group.heavy === null : structure.cheap || !repeated) return member;
  return byRow ? { ...member, byRow } : null;
}

/** A fold, or what follows or feeds folds but no matrix product, with the rows of the whole group. */
function joinsByRow(structure: Structure, group: Draft, ends: StructureKind | undefined): boolean {
  if (structure.rows === null || structure.rows !== group.rows || ends === "anchor" || structure.kind === "anchor")
    return false;
  return structure.kind === "reduction"
    ? group.heavy !== "anchor"
    : group.heavy === "reduction" || ends === "reduction";
}

/** The widest access of a consumer to a value, and how often it reads it. */
function accessTo(value: Value, consumer: GraphNode, structure: Structure): { kind: AccessKind; reads: number } {
  const order: readonly AccessKind[] = ["elementwise", "broadcast", "injective", "reduction"];
  let kind: AccessKind = "elementwise";
  let reads = 0;
  consumer.inputs
    .filter((input) => input !== null)
    .forEach((input, position) => {
      if (input !== value) return;
      const own = structure.accesses[position] ?? "injective";
      if (order.indexOf(own) > order.indexOf(kind)) kind = own;
      reads += structure.reads[position] ?? 1;
    });
  return { kind, reads };
}

/** The structure of every node; nodes that are alike are looked at once. */
function structuresOf(graph: Graph, operators: Operators): ReadonlyMap<GraphNode, Structure> {
  const byKey = new Map<string, Structure>();
  const structures = new Map<GraphNode, Structure>();
  for (const node of graph.nodes) {
    const types = node.inputs.map((input) => (input === null ? "" : `${input.dtype}[${shapeOf(input).join(",")}]`));
    const key = `${operatorKey(node.operator)} ${attributeKey(node.attributes) ?? node.name} ${types.join(" ")}`;
    const structure = byKey.get(key) ?? nodeStructure(node, operators);
    byKey.set(key, structure);
    structures.set(node, structure);
  }
  return structures;
}

function nodeStructure(node: GraphNode, operators: Operators): Structure {
  const { inputs, outputs } = nodeTensors(node, operators);
  return structureOf(outputs, inputs);
}

function readersOf(graph: Graph): ReadonlyMap<Value, readonly GraphNode[]> {
  const readers = new Map<Value, GraphNode[]>();
  for (const node of graph.nodes) {
    for (const input of new Set(node.inputs)) {
      if (input === null) continue;
      const list = readers.get(input);
      if (list === undefined) readers.set(input, [node]);
      else list.push(node);
    }
  }
  return readers;
}

function inputsOf(node: GraphNode): Set<Value> {
  return new Set(node.inputs.filter((input) => input !== null));
}

function inputsWith(group: Draft, node: GraphNode): Set<Value> {
  const inputs = new Set([...group.inputs, ...inputsOf(node)]);
  for (const output of node.outputs) inputs.delete(output);
  return inputs;
}

function extend(group: Draft, node: GraphNode, structure: Structure): void {
  const inputs = inputsWith(group, node);
  group.inputs.clear();
  for (const input of inputs) group.inputs.add(input);
  group.nodes.push(node);
  if (isHeavy(structure)) group.heavy = structure.kind;
  if (RANK.indexOf(structure.kind) > RANK.indexOf(group.kind)) group.kind = structure.kind;
}

function finish({ nodes, kind }: Draft): FusedGroup {
  const ordered = [...nodes].reverse();
  const made = new Set(ordered.flatMap(({ outputs }) => outputs));
  const inputs = new Set<Value>();
  for (const node of ordered) {
    for (const input of inputsOf(node)) if (!made.has(input)) inputs.add(input);
  }
  return { nodes: ordered, inputs: [...inputs], outputs: ordered.at(-1)?.outputs ?? [], kind };
}
