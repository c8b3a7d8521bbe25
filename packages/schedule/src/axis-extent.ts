import type { IterVar } from "@tilewright/ir";

/** How many values an axis of a stage has: its domain is constant, and `NaN` stands for what is not. */
export function extentOf({ extent }: IterVar): number {
  return Number((extent as { readonly value?: number }).value);
}

/** One past the last value of an axis of a stage. */
export function endOf(axis: IterVar): number {
  return Number((axis.min as { readonly value?: number }).value) + extentOf(axis);
}
