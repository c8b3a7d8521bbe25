import type { Block } from "./share.js";

/**
 * Finds the placed blocks that live at the same time as another. A segment tree over the steps at which lifetimes begin or end: a block is
 * kept at the O(log n) tree nodes that cover its life, so that a query costs O(log n) and what it finds.
 */
export interface OverlapIndex {
  add(block: number): void;
  /** Blocks added so far that share a step with `block`, in no particular order. */
  overlapping(block: number): readonly number[];
}

export function overlapIndex(blocks: readonly Block[]): OverlapIndex {
  const steps = [...new Set(blocks.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const slot = new Map(steps.map((step, position) => [step, position]));
  let leaves = 1;
  while (leaves < steps.length) leaves *= 2;
  const covering: (number[] | undefined)[] = new Array(2 * leaves);
  const below = new Int32Array(2 * leaves);
  const seen = new Int32Array(blocks.length).fill(-1);
  let query = 0;

  /** Calls `whole` at each node that the life of `block` covers entirely, and `part` at the nodes above them. */
  const walk = (block: number, whole: (node: number) => void, part?: (node: number) => void): void => {
    const { from, to } = blocks[block] ?? { from: 0, to: 0 };
    const [first, last] = [slot.get(from) ?? 0, slot.get(to) ?? 0];
    const stack: [number, number, number][] = [[1, 0, leaves]];
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      const [node, begin, end] = top;
      if (last <= begin || end <= first) continue;
      if (first <= begin && end <= last) {
        whole(node);
        continue;
      }
      part?.(node);
      const middle = (begin + end) / 2;
      stack.push([2 * node + 1, middle, end], [2 * node, begin, middle]);
    }
  };

  return {
    add(block) {
      const keep = (node: number): void => {
        const list = covering[node];
        if (list === undefined) covering[node] = [block];
        else list.push(block);
        for (let up = node; up > 0; up >>= 1) below[up] = (below[up] ?? 0) + 1;
      };
      walk(block, keep);
    },
    overlapping(block) {
      query++;
      const found: number[] = [];
      const take = (node: number): void => {
        for (const other of covering[node] ?? []) {
          if (seen[other] !== query) found.push(other);
          seen[other] = query;
        }
      };
      const takeAll = (root: number): void => {
        const stack = [root];
        for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
          if (node >= 2 * leaves || (below[node] ?? 0) === 0) continue;
          take(node);
          stack.push(2 * node, 2 * node + 1);
        }
      };
      walk(block, takeAll, take);
      return found;
    },
  };
}
