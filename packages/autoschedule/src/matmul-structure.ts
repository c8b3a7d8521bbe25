import type { Expr, IterVar, Read, Tensor, Var } from "@tilewright/ir";
import { type Epilogue, epilogueOf } from "./epilogue.js";
import { extentOf, inlinable, type StageStructure, variablesIn } from "./structure.js";

/** One factor of a product: the tensor, and which of its dimensions runs along the output's own axis and which along the fold. */
export interface Operand {
  readonly read: Read;
  readonly tensor: Tensor;
  readonly outerDimension: number;
  readonly reduceDimension: number;
}

/** `C[.., i, j] = Σ_k L(i, k) · R(k, j)`, each operand a plain two-dimensional read in either order. */
export interface MatmulStructure extends Epilogue {
  readonly stage: StageStructure;
  readonly row: IterVar;
  readonly column: IterVar;
  readonly fold: IterVar;
  readonly left: Operand;
  readonly right: Operand;
}

/** The single product of a group whose other stages are elementwise and follow it, or null. */
export function matmulStructure(stages: readonly StageStructure[]): MatmulStructure | null {
  const reductions = stages.filter((stage) => stage.reduce !== null);
  const [stage] = reductions;
  if (reductions.length !== 1 || stage === undefined) return null;
  const product = productOf(stage);
  if (product === null) return null;
  const epilogue = epilogueOf(stages, stage);
  if (epilogue === null) return null;
  const inlined = inlinable(stages, (other) => other !== stage && !other.isOutput);
  return epilogue.before.every((other) => inlined.has(other)) ? { ...epilogue, ...product, stage } : null;
}

type Product = Pick<MatmulStructure, "row" | "column" | "fold" | "left" | "right">;

function productOf(stage: StageStructure): Product | null {
  const { reduce, operation } = stage;
  const source = reduce?.sources[0];
  const [row, column] = operation.axes;
  const [fold] = reduce?.axes ?? [];
  if (reduce === null || source === undefined || row === undefined || column === undefined || fold === undefined)
    return null;
  if (
    operation.axes.length !== 2 ||
    reduce.axes.length !== 1 ||
    reduce.combiner.name !== "sum" ||
    reduce.condition !== null
  )
    return null;
  if (reduce.initial !== null || source.kind !== "Binary" || source.op !== "mul") return null;
  const sides = [source.left, source.right].map((side) => (side.kind === "Read" ? side : null));
  const of = (axis: IterVar): Operand | null => {
    const side = sides.find((read) => read !== null && variablesIn(read).has(axis.variable));
    return side === undefined || side === null ? null : operand(side, axis.variable, fold.variable);
  };
  const [left, right] = [of(row), of(column)];
  if (left === null || right === null || left.tensor === right.tensor) return null;
  return { row, column, fold, left, right };
}

function operand(read: Read, outer: Var, fold: Var): Operand | null {
  const is = (index: Expr | undefined, variable: Var): boolean => index === variable;
  if (read.indices.length !== 2) return null;
  const outerDimension = read.indices.findIndex((index) => is(index, outer));
  const reduceDimension = read.indices.findIndex((index) => is(index, fold));
  return outerDimension < 0 || reduceDimension < 0
    ? null
    : { read, tensor: read.tensor, outerDimension, reduceDimension };
}

/** Multiply-adds of a product. */
export function multiplyAdds({ row, column, fold }: Product): number {
  return extentOf(row) * extentOf(column) * extentOf(fold);
}
