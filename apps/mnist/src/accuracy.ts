import { CLASSES } from "./data-set.js";

/** For each row of ten scores, the position of the greatest, the first of equal ones. */
export function predictedDigits(scores: ArrayLike<number>): Uint8Array {
  const rows = Math.floor(scores.length / CLASSES);
  return Uint8Array.from({ length: rows }, (_, row) => {
    let best = 0;
    for (let digit = 1; digit < CLASSES; digit++) {
      if ((scores[row * CLASSES + digit] ?? 0) > (scores[row * CLASSES + best] ?? 0)) best = digit;
    }
    return best;
  });
}

/** How many of `predicted` equal `digits`. */
export function countRight(predicted: Uint8Array, digits: Uint8Array): number {
  return predicted.reduce((right, digit, k) => right + (digit === digits[k] ? 1 : 0), 0);
}

/** The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}
