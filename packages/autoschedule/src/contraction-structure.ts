import type { IterVar, Read, Var } from "@tilewright/ir";
import { type Epilogue, epilogueOf } from "./epilogue.js";
import { extentOf, type StageStructure, variablesIn } from "./structure.js";

/**
 * `C[.., i, j₁, j₂, ..] = Σ_k L(.., i, k) · R(.., j, k)`: the left operand reads each of its dimensions at one axis, the right one as it likes. A
 * convolution is one, with its filters as rows and its pixels as columns; so are its gradients, and batches of products.
 */
export interface Contraction extends Epilogue {
  readonly stage: StageStructure;
  /** Axes before the row: loops around everything. */
  readonly outer: readonly IterVar[];
  readonly row: IterVar;
  /** The last axes of the output, which only the right operand uses. */
  readonly columns: readonly IterVar[];
  readonly folds: readonly IterVar[];
  readonly left: Read;
  readonly right: Read;
}

/** The single contraction of a group whose later stages are elementwise, or null. */
export function contractionStructure(stages: readonly StageStructure[]): Contraction | null {
  const [stage, ...others] = stages.filter(({ reduce }) => reduce !== null);
  if (stage === undefined || others.length > 0) return null;
  const parts = partsOf(stage);
  if (parts === null) return null;
  const epilogue = epilogueOf(stages, stage);
  return epilogue === null ? null : { ...epilogue, ...parts, stage };
}

type Parts = Pick<Contraction, "outer" | "row" | "columns" | "folds" | "left" | "right">;

function partsOf({ reduce, operation }: StageStructure): Parts | null {
  const source = reduce?.sources[0];
  if (reduce == null || source?.kind !== "Binary" || source.op !== "mul") return null;
  if (reduce.combiner.name !== "sum" || reduce.condition !== null || reduce.initial !== null) return null;
  const { left: a, right: b } = source;
  if (a.kind !== "Read" || b.kind !== "Read" || a.tensor === b.tensor) return null;
  return split(operation.axes, reduce.axes, a, b) ?? split(operation.axes, reduce.axes, b, a);
}

/** The axes by their part, when `left` can be the left operand. */
function split(axes: readonly IterVar[], folds: readonly IterVar[], left: Read, right: Read): Parts | null {
  const [inLeft, inRight] = [variablesIn(left), variablesIn(right)];
  const rows = axes.filter(({ variable }) => inLeft.has(variable) && !inRight.has(variable));
  const [row] = rows;
  if (row === undefined || rows.length !== 1) return null;
  const at = axes.indexOf(row);
  const [outer, columns] = [axes.slice(0, at), axes.slice(at + 1)];
  const isColumn = ({ variable }: IterVar): boolean => inRight.has(variable) && !inLeft.has(variable);
  const isFold = ({ variable }: IterVar): boolean => inRight.has(variable) && inLeft.has(variable);
  if (columns.length === 0 || folds.length === 0 || !columns.every(isColumn) || !folds.every(isFold)) return null;
  return readsEachOnce(left, inLeft) ? { outer, row, columns, folds, left, right } : null;
}

/** True when each index is an axis, and none is twice. */
function readsEachOnce({ indices }: Read, variables: ReadonlySet<Var>): boolean {
  return indices.every(({ kind }) => kind === "Var") && variables.size === indices.length;
}

/** Multiply-adds of a contraction. */
export function contractionWork({ outer, row, columns, folds }: Contraction): number {
  return [...outer, row, ...columns, ...folds].reduce((product, axis) => product * extentOf(axis), 1);
}

/** Which dimension of a read each axis has; −1 for one that it does not use. */
export function dimensionOf({ indices }: Read, { variable }: IterVar): number {
  return indices.indexOf(variable);
}
