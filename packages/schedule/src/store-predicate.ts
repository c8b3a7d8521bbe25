import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Expr, Json } from "@tilewright/ir";
import { type AxisCondition, conditionJson, conditionOf } from "./axis-condition.js";
import { badPredicate } from "./errors-layout.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";
import { checkOwnsMemory } from "./scope.js";

/** A condition on indices: a function of them, or the same as data. */
export type StorePredicate = AxisCondition | ((...indices: readonly Expr[]) => Expr);

/**
 *     for i { for j { S[i, j] = … } }   →   for i { for j { guard j <= i { S[i, j] = … } } }      // storePredicate(s, S, (i, j) => le(j, i))
 *
 * Elements for which the condition is false are not computed. That is legal where nobody needs them: every read of the stage must be known
 * to stand under a condition that implies it: that of a reduction, of an `ifThenElse`, the domains of axes, the predicate of the reader.
 * Calls that would make other readers, as `cacheRead`, whose copy reads everything, are refused then. `true` takes the predicate back.
 * (TVM: set_store_predicate, which is not checked.)
 *
 * @throws CompileError SCH103 · SCH110 the memory is the caller's, an extern operation's or a recurrence's · SCH148 a reader may need what is
 *   left out · SCH149 no condition on the indices
 */
export function storePredicate(schedule: Schedule, tensor: TensorLike, condition: StorePredicate): void {
  primitive(schedule, storePredicate, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkOwnsMemory(schedule, stage, "storePredicate", span);
    const data = checkedCondition(stage, condition, span);
    stage.predicate = data === true ? null : predicateOf(stage, data, span);
    record(schedule, "storePredicate", stage, { condition: data as Json });
  });
}

/** @throws CompileError SCH149 */
function checkedCondition(stage: Stage, condition: StorePredicate, span: Span): AxisCondition {
  if (typeof condition !== "function") return condition;
  const expr = condition(...stage.axes.map(({ variable }) => variable));
  return conditionJson(expr, stage.axes, failing(stage, span));
}

/** @throws CompileError SCH149 */
function predicateOf(stage: Stage, data: AxisCondition, span: Span): Expr {
  const fail = failing(stage, span);
  const predicate = conditionOf(data, stage.axes, fail);
  return predicate.dtype === "bool" ? predicate : fail(`an expression of type ${predicate.dtype}`);
}

const failing =
  (stage: Stage, span: Span) =>
  (why: string): never => {
    throw new CompileError(badPredicate(stage.name, why, span));
  };
