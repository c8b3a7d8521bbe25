import type { IterVar, Read } from "@tilewright/ir";
import { type Digit, inDigits, wholeAxis } from "./digits.js";
import { type Epilogue, epilogueOf } from "./epilogue.js";
import { elementsOf, extentOf, type StageStructure, variablesIn } from "./structure.js";

/**
 * `C[.., i, j₁, j₂, ..] = Σ_k L(.., i, k) · R(.., j, k)`: the left operand reads each of its elements once, the right one as it likes. A convolution is
 * one, with its filters as rows and its pixels as columns; so are its gradients, and batches of products. Where operands take an axis apart, one
 * `i // d` and the other `i % d` or `i`, its digits are axes: of the channels of a grouped convolution the group, which both have, and the row.
 */
export interface Contraction extends Epilogue {
  readonly stage: StageStructure;
  /** What both operands use, and what comes before the row: loops around everything. */
  readonly outer: readonly Digit[];
  readonly row: Digit;
  /** What only the right operand uses, after the row. */
  readonly columns: readonly Digit[];
  readonly folds: readonly IterVar[];
  /** In the variables of digits. */
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
  const whole = operation.axes.map((axis, dimension) => wholeAxis(axis, dimension));
  const [x, y, digits] = inDigits(operation.axes, reduce.axes, a, b);
  return (
    split(whole, reduce.axes, a, b) ??
    split(whole, reduce.axes, b, a) ??
    split(digits, reduce.axes, x, y) ??
    split(digits, reduce.axes, y, x)
  );
}

/** The axes by their part, when `left` can be the left operand. */
function split(digits: readonly Digit[], folds: readonly IterVar[], left: Read, right: Read): Parts | null {
  const [inLeft, inRight] = [variablesIn(left), variablesIn(right)];
  const rows = digits.filter(({ axis }) => inLeft.has(axis.variable) && !inRight.has(axis.variable));
  const [row] = rows;
  if (row === undefined || rows.length !== 1) return null;
  const at = digits.indexOf(row);
  const isColumn = (digit: Digit, k: number): boolean => k > at && !inLeft.has(digit.axis.variable);
  const columns = digits.filter(isColumn);
  const outer = digits.filter((digit, k) => digit !== row && !isColumn(digit, k));
  const isFold = ({ variable }: IterVar): boolean => inRight.has(variable) && inLeft.has(variable);
  const isUsed = ({ axis }: Digit): boolean => inRight.has(axis.variable);
  if (columns.length === 0 || folds.length === 0 || !columns.every(isUsed) || !folds.every(isFold)) return null;
  const axes = [...digits.map(({ axis }) => axis), ...folds].filter(({ variable }) => inLeft.has(variable));
  const readsEachOnce = productOf(axes) <= elementsOf(left.tensor);
  return readsEachOnce ? { outer, row, columns, folds, left, right } : null;
}

/** Multiply-adds of a contraction. */
export function contractionWork({ outer, row, columns, folds }: Contraction): number {
  return productOf([...[...outer, row, ...columns].map(({ axis }) => axis), ...folds]);
}

function productOf(axes: readonly IterVar[]): number {
  return axes.reduce((product, axis) => product * extentOf(axis), 1);
}
