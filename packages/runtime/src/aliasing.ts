/** Which arrays share memory, so that what is written does not change what is yet to be read. */
import { overlapping } from "./errors.js";
import type { NDArray } from "./ndarray.js";

/** True when an element of one array is an element of the other too. */
export function overlap(left: NDArray, right: NDArray): boolean {
  const [a, b] = [placeOf(left), placeOf(right)];
  return a.memory === b.memory && Math.max(a.begin, b.begin) < Math.min(a.end, b.end);
}

/** @throws CompileError `RT117` two of the arrays share memory */
export function checkApart(written: readonly (readonly [name: string, array: NDArray])[]): void {
  for (const [position, [name, array]] of written.entries())
    for (const [other, before] of written.slice(0, position))
      if (overlap(array, before)) throw overlapping(other, name);
}

function placeOf({ storage, byteLength }: NDArray): {
  readonly memory: object;
  readonly begin: number;
  readonly end: number;
} {
  const [memory, begin] =
    storage.kind === "host" ? [storage.data.buffer, storage.data.byteOffset] : [storage.buffer, storage.byteOffset];
  return { memory, begin, end: begin + byteLength };
}
