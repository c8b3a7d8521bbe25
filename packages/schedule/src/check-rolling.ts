import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { readersByStage } from "./check-places.js";
import { cannotRoll } from "./errors-pipeline.js";
import { checkSequential } from "./pipeline.js";
import type { Schedule, Stage } from "./schedule.js";

/**
 * Rule: the nest of a rolled stage runs a first time before the loop, so nothing is computed inside of it, and what it reads stands outside
 * of the loop or is rolled in it too. The loop runs in order, and its memory is written by the stage alone.
 *
 * @throws CompileError SCH163 · SCH169
 */
export function checkRolling(schedule: Schedule, span: Span): void {
  const rolled = schedule.stages.filter(({ rolling, attachment }) => rolling !== null && attachment.kind === "at");
  if (rolled.length === 0) return;
  const readers = readersByStage(schedule);
  for (const stage of rolled) {
    const { attachment } = stage;
    if (attachment.kind !== "at") continue;
    const { stage: owner, axis } = attachment;
    checkSequential(owner, axis, "a rolled stage", span);
    const refuse = (why: string, hint: string): never => {
      throw new CompileError(cannotRoll(stage.name, axis.name, why, hint, span));
    };
    const inside = schedule.stages.find((other) => other.attachment.kind === "at" && other.attachment.stage === stage);
    if (inside !== undefined)
      refuse(`\`${inside.name}\` is computed in its loops`, `computeAt \`${inside.name}\` elsewhere, or inline it`);
    if (stage.padValue !== null)
      refuse("its memory has a padding value, which rows that come back to their place would lose", "leave one out");
    for (const [source, known] of readers) {
      if (!known.has(stage) || source === stage || isOutside(source, stage, owner, axis)) continue;
      refuse(`it reads \`${source.name}\`, which is computed in that loop`, `rollingBuffer \`${source.name}\` first`);
    }
  }
}

/** Whether what `source` computes is there both before the loop and in it. */
function isOutside(source: Stage, stage: Stage, owner: Stage, axis: IterVar): boolean {
  for (let around: Stage = stage; around.attachment.kind === "at"; around = around.attachment.stage)
    if (around.attachment.stage === source) return false;
  for (let inner = source; inner.attachment.kind === "at"; inner = inner.attachment.stage) {
    if (inner.attachment.stage !== owner) continue;
    if (inner.attachment.axis === axis) return inner === source && source.rolling !== null;
    return owner.leaves.indexOf(inner.attachment.axis) < owner.leaves.indexOf(axis);
  }
  return true;
}
