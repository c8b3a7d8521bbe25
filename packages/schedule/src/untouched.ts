import { CompileError, type Span } from "@tilewright/diagnostics";
import { tooLate } from "./errors.js";
import { computedInside } from "./errors-stages.js";
import type { Schedule, Stage } from "./schedule.js";

/** That a stage's loops are its axes, unmarked. @throws CompileError SCH114 */
export function checkUntouched(stage: Stage, primitive: string, span: Span): void {
  const asMade = [...stage.axes, ...stage.reduceAxes].every((axis, depth) => axis === stage.leaves[depth]);
  const told = stage.marks.size > 0 || stage.pipelines.size > 0 || stage.unit !== null || stage.initialAt !== null;
  if (stage.relations.length > 0 || told || !asMade) throw new CompileError(tooLate(primitive, stage.name, span));
}

/** That nothing is computed in the loops of a stage. @throws CompileError SCH131 */
export function checkEmpty(schedule: Schedule, stage: Stage, primitive: string, span: Span): void {
  for (const { name, attachment } of schedule.stages) {
    if (attachment.kind === "at" && attachment.stage === stage)
      throw new CompileError(computedInside(primitive, stage.name, name, attachment.axis.name, span));
  }
}
