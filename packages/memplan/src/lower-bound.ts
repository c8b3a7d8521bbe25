import type { Block } from "./share.js";

/** The most bytes alive at one step, and the first step where they are: no plan can be smaller. */
export function peak(blocks: readonly Block[]): { readonly bytes: number; readonly step: number } {
  const changes = new Map<number, number>();
  for (const { bytes, from, to } of blocks) {
    changes.set(from, (changes.get(from) ?? 0) + bytes);
    changes.set(to, (changes.get(to) ?? 0) - bytes);
  }
  let live = 0;
  let best = { bytes: 0, step: 0 };
  for (const [step, change] of [...changes].sort(([a], [b]) => a - b)) {
    live += change;
    if (live > best.bytes) best = { bytes: live, step };
  }
  return best;
}
