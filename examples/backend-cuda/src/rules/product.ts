import { type Expr, type IterVar, type Tensor, type Var, visit } from "@tilewright/ir";
import { isPointwise, type Stage } from "./stages.js";

/** `C[.., i, j] = Σ_k L · R`: `i` in one operand, `j` in the other, `k` in both; then stages that work on C element by element. */
export interface Product {
  readonly stage: Stage;
  /** The stage whose loops become blocks and threads: the product itself, or the one output that follows it. */
  readonly last: Stage;
  readonly operands: readonly [rows: Tensor, columns: Tensor];
  /** Neighbours in a row of the second operand are neighbours in memory. */
  readonly columnsAreNeighbours: boolean;
}

/** The one product of a group; null where the group is something else. */
export function productOf(stages: readonly Stage[]): Product | null {
  const [stage, ...others] = stages.filter(({ reduce }) => reduce !== null);
  const [last, ...outputs] = stages.filter(({ isOutput }) => isOutput);
  if (stage?.reduce == null || last === undefined || others.length > 0 || outputs.length > 0) return null;
  const followers = stages.slice(stages.indexOf(stage) + 1);
  const isFollowed = followers.every((follower) => isPointwiseOver(follower, stages));
  const { axes, sources, combiner, condition, initial } = stage.reduce;
  const [source] = sources;
  const [fold, ...more] = axes;
  if (
    !isFollowed ||
    fold === undefined ||
    more.length > 0 ||
    combiner.name !== "sum" ||
    condition !== null ||
    initial !== null
  )
    return null;
  if (source?.kind !== "Binary" || source.op !== "mul" || source.left.kind !== "Read" || source.right.kind !== "Read")
    return null;
  const [row, column] = stage.operation.axes.slice(-2);
  if (row === undefined || column === undefined) return null;
  const has = (expr: Expr, { variable }: IterVar): boolean => variablesIn(expr).has(variable);
  const [left, right] = has(source.left, row) ? [source.left, source.right] : [source.right, source.left];
  const fitting = has(left, row) && !has(left, column) && has(right, column) && !has(right, row);
  const folded = [left, right].every((side) => has(side, fold) && side.indices.every((index) => index.kind === "Var"));
  const operands = [left.tensor, right.tensor] as const;
  const readElsewhere = stages.some(
    ({ tensor, readers }) => operands.includes(tensor) && readers.some((reader) => reader !== stage),
  );
  if (!fitting || !folded || left.tensor === right.tensor || readElsewhere) return null;
  return { stage, last, operands, columnsAreNeighbours: right.indices.at(-1) === column.variable };
}

/** Reads what the group computes exactly where it writes. */
function isPointwiseOver(stage: Stage, stages: readonly Stage[]): boolean {
  const computed = new Set(stages.map(({ tensor }) => tensor));
  return (
    stage.reduce === null && isPointwise({ ...stage, reads: stage.reads.filter(({ tensor }) => computed.has(tensor)) })
  );
}

function variablesIn(expr: Expr): ReadonlySet<Var> {
  const found = new Set<Var>();
  visit(expr, { Var: (variable) => void found.add(variable) });
  return found;
}
