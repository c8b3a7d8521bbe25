import { overlapIndex } from "./overlap-index.js";
import type { Block } from "./share.js";

export interface Placement {
  readonly offsets: readonly number[];
  readonly bytes: number;
  /** Comparisons made: the unit of the search budget. */
  readonly steps: number;
}

/**
 * Places blocks one after the other, each into the smallest gap that fits among the blocks placed before that live at the same time
 * (best fit), else above them. Sizes are multiples of the alignment already, so every offset is.
 * @see Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference" (2020), greedy by size
 */
export function place(blocks: readonly Block[], order: readonly number[], fit: "best" | "first"): Placement {
  const offsets: number[] = new Array(blocks.length).fill(0);
  const index = overlapIndex(blocks);
  let bytes = 0;
  let steps = 0;
  for (const position of order) {
    const size = blocks[position]?.bytes ?? 0;
    if (size === 0) continue;
    const neighbours = [...index.overlapping(position)].sort((a, b) => (offsets[a] ?? 0) - (offsets[b] ?? 0));
    steps += neighbours.length + 1;
    let top = 0;
    let chosen = -1;
    let slack = Number.POSITIVE_INFINITY;
    for (const other of neighbours) {
      const begin = offsets[other] ?? 0;
      const gap = begin - top;
      if (gap >= size && gap - size < slack) {
        chosen = top;
        slack = gap - size;
        if (fit === "first") break;
      }
      top = Math.max(top, begin + (blocks[other]?.bytes ?? 0));
    }
    offsets[position] = chosen === -1 ? top : chosen;
    bytes = Math.max(bytes, (offsets[position] ?? 0) + size);
    index.add(position);
  }
  return { offsets, bytes, steps };
}
