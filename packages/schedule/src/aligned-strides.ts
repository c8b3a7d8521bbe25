import type { Alignment } from "./schedule.js";

/** Strides of a memory with aligned dimensions, in elements; null when it is dense. */
export function alignedStrides(shape: readonly number[], alignments: readonly Alignment[]): readonly number[] | null {
  if (alignments.length === 0) return null;
  const strides: number[] = [];
  for (let dimension = shape.length - 1, dense = 1; dimension >= 0; dimension--) {
    const { factor, offset } = alignments.find((each) => each.dimension === dimension) ?? { factor: 1, offset: 0 };
    const stride = dense + ((((offset - dense) % factor) + factor) % factor);
    strides.unshift(stride);
    dense = stride * (shape[dimension] ?? 1);
  }
  return strides;
}
