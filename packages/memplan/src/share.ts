import type { MemoryRequest } from "./request.js";

/** A rectangle to place: the memory of one tensor, or of several that hand it on. */
export interface Block {
  readonly bytes: number;
  readonly from: number;
  readonly to: number;
}

export interface Sharing {
  readonly blocks: readonly Block[];
  /** The block of each request. */
  readonly blockOf: readonly number[];
  /** The request whose memory each request took over, or null. */
  readonly reused: readonly (number | null)[];
}

/**
 * Rule: a request takes over the block of the first of its `mayReuse` that dies as it is made, is at least as large, and was not taken by
 * another. Sizes are rounded up to `alignment`.
 */
export function shareMemory(requests: readonly MemoryRequest[], alignment: number): Sharing {
  const order = requests.map((_, position) => position);
  order.sort((a, b) => (requests[a]?.from ?? 0) - (requests[b]?.from ?? 0) || a - b);
  const blocks: { bytes: number; from: number; to: number }[] = [];
  const blockOf: number[] = new Array(requests.length).fill(0);
  const reused: (number | null)[] = new Array(requests.length).fill(null);
  const taken = new Set<number>();
  for (const position of order) {
    const request = requests[position];
    if (request === undefined) continue;
    const bytes = Math.ceil(request.bytes / alignment) * alignment;
    const donor = (request.mayReuse ?? []).find((other) => {
      const dying = requests[other];
      return (
        dying !== undefined &&
        !taken.has(other) &&
        dying.from < request.from &&
        dying.to === request.from + 1 &&
        dying.bytes >= request.bytes
      );
    });
    const block = donor === undefined ? undefined : blocks[blockOf[donor] ?? -1];
    if (donor === undefined || block === undefined) {
      blockOf[position] = blocks.length;
      blocks.push({ bytes, from: request.from, to: request.to });
    } else {
      taken.add(donor);
      reused[position] = donor;
      blockOf[position] = blockOf[donor] ?? 0;
      block.to = Math.max(block.to, request.to);
    }
  }
  return { blocks, blockOf, reused };
}
