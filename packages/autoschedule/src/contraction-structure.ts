import type { Expr, IterVar, Read, Var } from "@tilewright/ir";
import { type Digit, digitsOf, wholeAxis } from "./digits.js";
import { type Epilogue, epilogueOf } from "./epilogue.js";
import { elementsOf, extentOf, type StageStructure, variablesIn } from "./structure.js";

/** How often the left operand is stored, at most, where it reads elements again or leaves some out by a condition. */
const MOST_COPIES = 2;

/**
 * `C[.., i, j₁, j₂, ..] = Σ_k L(.., i, k) · R(.., j, k)`: the left operand reads each of its elements about once, the right one as it likes. A convolution is
 * one, with its filters as rows and its pixels as columns; so are its gradients, and batches of products. Where operands take an axis apart, one
 * `i // d` and the other `i % d` or `i`, its digits are axes: of the channels of a grouped convolution the group, which both have, and the row.
 */
export interface Contraction extends Epilogue {
  readonly stage: StageStructure;
  /** What both operands use, and what the right one uses before the row: loops around everything. */
  readonly outer: readonly Digit[];
  /** Further axes that only the left operand uses, shorter than the row: loops around its panels. */
  readonly repeated: readonly Digit[];
  readonly row: Digit;
  /** What only the right operand uses, after the row. */
  readonly columns: readonly Digit[];
  readonly folds: readonly IterVar[];
  /** Folds whose terms a condition chooses, alike for all rows and columns. */
  readonly selective: readonly IterVar[];
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

type Parts = Pick<Contraction, "outer" | "repeated" | "row" | "columns" | "folds" | "left" | "right" | "selective">;

/** A sum of products, in some digits of its axes. */
interface Sum {
  readonly digits: readonly Digit[];
  readonly folds: readonly IterVar[];
  readonly factors: readonly [Read, Read];
  /** Which terms are added up. */
  readonly condition: Expr | null;
}

function partsOf({ reduce, operation }: StageStructure): Parts | null {
  const source = reduce?.sources[0];
  if (reduce == null || source?.kind !== "Binary" || source.op !== "mul") return null;
  if (reduce.combiner.name !== "sum" || reduce.initial !== null) return null;
  const { left: a, right: b } = source;
  if (a.kind !== "Read" || b.kind !== "Read" || a.tensor === b.tensor) return null;
  const { axes: folds, condition } = reduce;
  const whole = operation.axes.map(wholeAxis);
  const { digits, express } = digitsOf(operation.axes, folds, [...a.indices, ...b.indices]);
  const expressed = (read: Read): Read => ({ ...read, indices: read.indices.map(express) });
  return (
    split({ digits: whole, folds, factors: [a, b], condition }) ??
    split({ digits, folds, factors: [expressed(a), expressed(b)], condition: condition && express(condition) })
  );
}

function split(sum: Sum): Parts | null {
  const [a, b] = sum.factors;
  return splitAs(sum, a, b) ?? splitAs(sum, b, a);
}

/** The axes by their part, when `left` can be the left operand. */
function splitAs({ digits, folds, condition }: Sum, left: Read, right: Read): Parts | null {
  const [inLeft, inRight] = [variablesIn(left), variablesIn(right)];
  const isUsed = ({ axis }: Digit): boolean => inRight.has(axis.variable);
  const [row] = digits
    .filter((digit) => inLeft.has(digit.axis.variable) && !isUsed(digit))
    .sort((one, other) => extentOf(other.axis) - extentOf(one.axis));
  if (row === undefined) return null;
  const at = digits.indexOf(row);
  const columns = digits.filter((digit, k) => k > at && !inLeft.has(digit.axis.variable));
  const others = digits.filter((digit) => digit !== row && !columns.includes(digit));
  const [outer, repeated] = [others.filter(isUsed), others.filter((digit) => !isUsed(digit))];
  const isFold = ({ variable }: IterVar): boolean => inRight.has(variable) && inLeft.has(variable);
  if (columns.length === 0 || folds.length === 0 || !columns.every(isUsed) || !folds.every(isFold)) return null;
  const chosen = condition === null ? new Set<Var>() : variablesIn(condition);
  if ([row, ...columns].some(({ axis }) => chosen.has(axis.variable))) return null;
  const axes = [...digits.map(({ axis }) => axis), ...folds].filter(({ variable }) => inLeft.has(variable));
  if (productOf(axes) > MOST_COPIES * elementsOf(left.tensor)) return null;
  const selective = folds.filter(({ variable }) => chosen.has(variable));
  return { outer, repeated, row, columns, folds, selective, left, right };
}

/** Multiply-adds of a contraction. */
export function contractionWork({ outer, repeated, row, columns, folds }: Contraction): number {
  return productOf([...[...outer, ...repeated, row, ...columns].map(({ axis }) => axis), ...folds]);
}

function productOf(axes: readonly IterVar[]): number {
  return axes.reduce((product, axis) => product * extentOf(axis), 1);
}
