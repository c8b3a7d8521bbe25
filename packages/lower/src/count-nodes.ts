import { type Node, type NodeKind, visit } from "@tilewright/ir";

/** Nodes below `root`, a shared one as often as it is reached, at most `limit`. */
export function countNodes(root: Node, limit = Number.POSITIVE_INFINITY): number {
  let count = 0;
  visit(root, {
    enter() {
      count++;
      return count <= limit;
    },
  });
  return count;
}

/** One visitor for several kinds. */
export function allOf<T, K extends string>(kinds: readonly K[], visitor: T): { readonly [kind in K]?: T } {
  const all: { [kind in K]?: T } = {};
  for (const kind of kinds) all[kind] = visitor;
  return all;
}

/** True when a node of one of these kinds stands below `root`. */
export function contains(root: Node, kinds: readonly NodeKind[]): boolean {
  if (root.kind === "Const" || root.kind === "Var") return kinds.includes(root.kind);
  let found = false;
  const find = (): boolean => {
    found = true;
    return false;
  };
  visit(root, allOf(kinds, find));
  return found;
}

/** The statements, and the one expression, that do something. What holds none of them does nothing. */
export const EFFECTS: readonly NodeKind[] = [
  "Store", "Assign", "Assert", "Evaluate", "Call", "Atomic", "Barrier", "Async", "PushToken", "PopToken", "Synchronize", "KernelCall",
  "ParallelCall", "While",
]; // biome-ignore format: a list
