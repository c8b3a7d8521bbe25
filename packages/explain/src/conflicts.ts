import type { Buffer } from "@tilewright/ir";
import { type Box, rowsOf } from "./footprint.js";

/** Rows that are looked at; more are sure to be spread as these are. */
const MOST_ROWS = 4096;

/** How a cache finds a line: its address modulo `wayBytes` names a set, which holds `ways` lines. */
export interface Sets {
  readonly ways: number;
  readonly wayBytes: number;
  readonly lineBytes: number;
}

/**
 * Whether rows of a buffer want more than `places` of a set, so that they drive each other out of a cache that could hold them all. It happens where
 * rows lie a multiple of a large power of two apart: 32 rows of 4 KiB in a cache of 8 ways of 4 KiB have 8 places together.
 */
export function isCrowded(
  boxes: readonly Box[],
  buffer: Buffer,
  { wayBytes, lineBytes }: Sets,
  places: number,
): boolean {
  const sets = Math.max(1, Math.floor(wayBytes / lineBytes));
  const taken = new Map<number, number>();
  for (const box of boxes) {
    const { run, steps, first } = rowsOf(box, buffer, lineBytes);
    for (const start of startsOf(steps, first)) {
      const [from, to] = [Math.floor(start / lineBytes), Math.floor((start + run - 1) / lineBytes)];
      if (to - from >= sets * places) return true;
      for (let line = from; line <= to; line++) {
        const set = ((line % sets) + sets) % sets;
        const lines = (taken.get(set) ?? 0) + 1;
        if (lines > places) return true;
        taken.set(set, lines);
      }
    }
  }
  return false;
}

function startsOf(steps: ReturnType<typeof rowsOf>["steps"], first: number): readonly number[] {
  let starts: readonly number[] = [first];
  for (const { count, bytes } of steps) {
    const room = Math.max(1, Math.min(count, Math.ceil(MOST_ROWS / starts.length)));
    starts = starts.flatMap((start) => Array.from({ length: room }, (_, row) => start + row * bytes));
  }
  return starts;
}
