import { type Placement, place } from "./place.js";
import type { Block } from "./share.js";

type Rank = (block: Block) => number;

/** Orders to try: larger ranks are placed first. */
const RANKS: readonly Rank[] = [
  ({ bytes }) => bytes,
  ({ bytes, from, to }) => bytes * (to - from),
  ({ from, to }) => to - from,
  ({ from }) => -from,
  ({ to }) => to,
];

/**
 * The best of several greedy placements, and of repairs of the best: the blocks at the top of the arena are placed earlier next time. Stops
 * at `lowerBound`, or when `budget` comparisons are made; the first placement is always finished.
 */
export function search(blocks: readonly Block[], lowerBound: number, budget: number): Placement {
  let best: Placement | undefined;
  let bestOrder: readonly number[] = [];
  let left = budget;
  const attempt = (order: readonly number[], fit: "best" | "first"): Placement => {
    const placement = place(blocks, order, fit);
    left -= placement.steps;
    if (best === undefined || placement.bytes < best.bytes) [best, bestOrder] = [placement, order];
    return placement;
  };
  const done = (): boolean => best !== undefined && (best.bytes <= lowerBound || left <= 0);
  for (const rank of RANKS) {
    const order = sorted(blocks, rank);
    for (const fit of ["best", "first"] as const) {
      if (!done()) attempt(order, fit);
    }
  }
  let order = bestOrder;
  let bytes: number = best?.bytes ?? 0;
  let state = 1;
  while (!done()) {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    const candidate = promote(blocks, order, best ?? { offsets: [], bytes: 0, steps: 0 }, state / 2 ** 32);
    const placement = attempt(candidate, "best");
    if (placement.bytes <= bytes) [order, bytes] = [candidate, placement.bytes];
  }
  return best ?? { offsets: [], bytes: 0, steps: 0 };
}

function sorted(blocks: readonly Block[], rank: Rank): readonly number[] {
  const ranks = blocks.map(rank);
  const size = (position: number): number => blocks[position]?.bytes ?? 0;
  return blocks
    .map((_, position) => position)
    .sort((a, b) => (ranks[b] ?? 0) - (ranks[a] ?? 0) || size(b) - size(a) || a - b);
}

/**
 * Moves one block to an earlier place: with even luck one that ends at the top of the best plan, else any. `chance` (0 ≤ chance < 1) comes
 * from a counter, so that the search is the same each time.
 */
function promote(
  blocks: readonly Block[],
  order: readonly number[],
  best: Placement,
  chance: number,
): readonly number[] {
  const isTop = (position: number): boolean =>
    (best.offsets[position] ?? 0) + (blocks[position]?.bytes ?? 0) === best.bytes;
  const top = order.filter(isTop);
  const pool = chance < 0.5 && top.length > 0 ? top : order;
  const draw = (chance * 2) % 1;
  const moved = pool[Math.floor(draw * pool.length)] ?? 0;
  const from = order.indexOf(moved);
  const at = Math.floor(((draw * 7919) % 1) * from);
  const rest = order.filter((position) => position !== moved);
  return [...rest.slice(0, at), moved, ...rest.slice(at)];
}
