import { type Capabilities, lanesOf } from "@tilewright/backend";
import { bitsOf, type DType } from "@tilewright/ir";

/** Elements below which a second thread costs more than it saves: a fork and join takes some microseconds. */
export const PARALLEL_ELEMENTS = 32_768;
/** The same for multiply-adds of a tiled product. */
export const PARALLEL_MULTIPLY_ADDS = 200_000;

/** True when the target runs parallel loops on more than one thread and the work is worth it. */
export function worthThreads(capabilities: Capabilities, work: number, threshold: number): boolean {
  return capabilities.threads > 1 && capabilities.loopKinds.parallel !== undefined && work >= threshold;
}

/** Narrower vectors than this are no vectors. */
const NARROWEST_BYTES = 16;

/** Elements of the widest vector that a row of `extent` elements fills; of the narrowest there is where it fills none. */
export function lanesWithin(capabilities: Capabilities, dtype: DType, extent: number): number {
  const bytes = bitsOf(dtype) / 8;
  let lanes = lanesOf(capabilities, bytes);
  while (lanes > extent && (lanes / 2) * bytes >= NARROWEST_BYTES) lanes /= 2;
  return lanes;
}

/** Bytes of the largest cache that one thread has for itself. */
export function privateCacheBytes(capabilities: Capabilities): number {
  const own = capabilities.caches.filter((cache) => cache.perThread);
  return own.at(-1)?.bytes ?? 256 * 1024;
}

/**
 * Panels of a block, `most` at most, for `count` of them in blocks that threads claim one by one: with the least time, where a block costs half a panel
 * more than its panels, one that is not full as much as the others, and threads wait half a block for the last of them.
 */
export function evenBlocks(count: number, most: number, threads: number): number {
  let [best, least] = [1, Number.POSITIVE_INFINITY];
  for (let size = Math.max(1, Math.min(count, most)); size >= 1; size--) {
    const rounds = Math.ceil(Math.ceil(count / size) / threads);
    const cost = rounds * (size + 0.5) + (threads > 1 ? size / 2 : 0);
    if (cost < least) [best, least] = [size, cost];
  }
  return best;
}
