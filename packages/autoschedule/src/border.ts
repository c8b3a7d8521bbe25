import { type Expr, type IterVar, isConst } from "@tilewright/ir";
import { axesOf, computeInline, decomposePadding, type Schedule, split, vectorize } from "@tilewright/schedule";
import { isCheap } from "./reduction.js";
import { extentOf, type StageStructure } from "./structure.js";

/** True for a constant around something else: padding. */
export function isBorder({ operation }: StageStructure): boolean {
  const [body] = operation.bodies;
  const variables = new Set(operation.axes.map(({ variable }) => variable));
  const isBound = (expr: Expr): boolean => {
    if (expr.kind !== "Binary") return false;
    if (expr.op === "and") return isBound(expr.left) && isBound(expr.right);
    const { left, right } = expr;
    return (expr.op === "ge" || expr.op === "lt") && left.kind === "Var" && variables.has(left) && isConst(right);
  };
  return body?.kind === "IfThenElse" && isConst(body.whenFalse) && isBound(body.condition);
}

/**
 * Stages that windows read: borders are stored, a row of constants and then what is inside, without conditions; so is what is not cheap; anything else
 * is computed where it is read.
 * @returns the borders
 */
export function scheduleSources(
  schedule: Schedule,
  before: readonly StageStructure[],
  lanes: number,
): readonly StageStructure[] {
  const borders = before.filter((stage) => isBorder(stage) && stage.consumers.length === 1);
  for (const stage of before) {
    if (borders.includes(stage)) storeBorder(schedule, stage, lanes);
    else if (isCheap(stage) && stage.operation.bodies[0]?.kind !== "IfThenElse") computeInline(schedule, stage.tensor);
  }
  return borders;
}

function storeBorder(schedule: Schedule, { tensor }: StageStructure, lanes: number): void {
  const axes = axesOf(schedule, tensor);
  const innermost = axes.at(-1) as IterVar;
  if (axes.length > 1) decomposePadding(schedule, tensor, axes.at(-2) as IterVar);
  if (lanes === 1 || extentOf(innermost) < lanes) return;
  const [, lane] = split(schedule, tensor, innermost, { factor: lanes });
  vectorize(schedule, tensor, lane);
}
