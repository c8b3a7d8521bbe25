import type { FusedGroup } from "@tilewright/graph";
import type { Graph, Value } from "@tilewright/ir";

/** Follows views: the value whose memory another one is. */
export type RootOf = (value: Value) => Value;

/** Values that are views of others share their memory. */
export function rootsOf(groups: readonly FusedGroup[]): RootOf {
  const roots = new Map<Value, Value>();
  for (const { kind, nodes } of groups) {
    const [from] = nodes[0]?.inputs ?? [];
    const [to] = nodes[0]?.outputs ?? [];
    if (kind === "view" && from != null && to !== undefined) roots.set(to, roots.get(from) ?? from);
  }
  return (value) => roots.get(value) ?? value;
}

/** A copy that the host program makes beside its kernels. */
export interface Copy {
  readonly from: Value;
  readonly to: Destination;
}

export type Destination =
  | { readonly kind: "output"; readonly position: number }
  | { readonly kind: "state"; readonly position: number }
  /** Memory of its own in the arena, for a state that another one replaces at the end. */
  | { readonly kind: "saved"; readonly value: Value };

/** What is done to memory around the kernels, so that outputs and next states end where they belong. */
export interface Transfers {
  /** Before the kernels: outputs that are inputs, constants or states, and old states that other states take over. */
  readonly before: readonly Copy[];
  /** After the kernels: what a kernel could not write in place. `saved` states are read from their copy. */
  readonly after: readonly Copy[];
  /** Values that kernels write directly into an output. */
  readonly outputs: ReadonlyMap<Value, number>;
  /** Next states, by value, that might be written directly into the state. */
  readonly nextStates: ReadonlyMap<Value, number>;
  readonly saved: ReadonlySet<Value>;
}

/**
 * Rule: the first output that names a computed value receives it from its kernel, further ones are copies; outputs that are no kernel's are
 * copied first, while states are still the old ones. A computed next state goes to its state, unless it is an output or another state's too.
 */
export function planTransfers(graph: Graph, rootOf: RootOf): Transfers {
  const stateOf = new Map(graph.states.map(({ value }, position) => [value, position]));
  const given = new Set<Value>([...graph.inputs, ...graph.constants.map(({ value }) => value), ...stateOf.keys()]);
  const before: Copy[] = [];
  const after: Copy[] = [];
  const outputs = new Map<Value, number>();
  const nextStates = new Map<Value, number>();
  const saved = new Set<Value>();
  graph.outputs.forEach((output, position) => {
    const root = rootOf(output);
    const to: Destination = { kind: "output", position };
    if (given.has(root)) before.push({ from: root, to });
    else if (outputs.has(root)) after.push({ from: root, to });
    else outputs.set(root, position);
  });
  graph.states.forEach(({ value, next }, position) => {
    if (next === null || rootOf(next) === value) return;
    const root = rootOf(next);
    if (stateOf.has(root) && !saved.has(root)) {
      saved.add(root);
      before.push({ from: root, to: { kind: "saved", value: root } });
    }
    const direct = !given.has(root) && !outputs.has(root) && !nextStates.has(root);
    if (direct) nextStates.set(root, position);
    else after.push({ from: root, to: { kind: "state", position } });
  });
  return { before, after, outputs, nextStates, saved };
}
