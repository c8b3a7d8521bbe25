import { CompileError } from "@tilewright/diagnostics";
import { type BufferRegion, bitsOf } from "@tilewright/ir";
import { outOfBounds, type Place } from "./errors.js";
import type { Backing, Memory } from "./memory.js";

/** Bytes `start .. end` of a backing. */
export interface Interval {
  readonly start: number;
  readonly end: number;
}

/** What the body of an Async may touch. Backings in `own` were allocated by the body itself. */
export interface Regions {
  readonly reads: ReadonlyMap<Backing, readonly Interval[]>;
  readonly writes: ReadonlyMap<Backing, readonly Interval[]>;
  readonly own: Set<Backing>;
}

/** A box of a memory, evaluated. */
export interface Box {
  readonly memory: Memory;
  readonly mins: readonly number[];
  readonly extents: readonly number[];
}

/** @throws CompileError IP301 when the box leaves the memory. */
export function checkBox({ memory, mins, extents }: Box, region: BufferRegion, notes: readonly string[]): void {
  const inside = mins.every(
    (min, d) => min >= 0 && (extents[d] ?? 0) >= 0 && min + (extents[d] ?? 0) <= (memory.shape[d] ?? 0),
  );
  if (inside && mins.length === memory.shape.length) return;
  const last = mins.map((min, d) => min + (extents[d] ?? 0) - 1);
  const place: Place = { span: region.span, notes: [...notes, `the region ends at [${last.join(", ")}]`] };
  throw new CompileError(outOfBounds("region", memory.name, mins, memory.shape, place));
}

/** The bytes of a box, as ordered intervals that do not touch. */
export function intervalsOf({ memory, mins, extents }: Box): Interval[] {
  if (extents.some((extent) => extent === 0)) return [];
  let rows = [0];
  mins.forEach((min, d) => {
    const stride = memory.strides[d] ?? 1;
    const row = Array.from({ length: extents[d] ?? 1 }, (_, k) => (min + k) * stride);
    rows = rows.flatMap((start) => row.map((offset) => start + offset));
  });
  const bits = bitsOf(memory.dtype);
  const bytes = rows.map((element) => ({
    start: memory.byteOffset + Math.floor((element * bits) / 8),
    end: memory.byteOffset + Math.ceil(((element + 1) * bits) / 8),
  }));
  return merge(bytes);
}

/** Sorts intervals and joins those that touch. */
export function merge(intervals: readonly Interval[]): Interval[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of [...intervals].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/** The intervals of several boxes, by backing. */
export function regionMap(boxes: readonly Box[]): Map<Backing, Interval[]> {
  const map = new Map<Backing, Interval[]>();
  for (const box of boxes) {
    map.set(box.memory.backing, merge([...(map.get(box.memory.backing) ?? []), ...intervalsOf(box)]));
  }
  return map;
}

/** True when one interval holds all bytes `start .. end`. */
export function holds(intervals: readonly Interval[] | undefined, start: number, end: number): boolean {
  let low = 0;
  let high = intervals?.length ?? 0;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((intervals?.[middle]?.end ?? 0) > start) high = middle;
    else low = middle + 1;
  }
  const found = intervals?.[low];
  return found !== undefined && found.start <= start && end <= found.end;
}
