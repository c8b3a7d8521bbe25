import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { domainsOf } from "./check-schedule.js";
import type { Domain } from "./domain.js";
import { noDimension, notInALoop, noWindow } from "./errors-pipeline.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { type Travel, travelOf } from "./rolling-window.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";

/**
 *     for y in 0..h { P[y .. y + 3]; S reads P[y .. y + 3] }   →   P[0 .. 2]; for y in 0..h { P[y + 2]; S reads P[y .. y + 3] }
 *
 * A stage that is computed in a loop keeps what the next iterations read again: before the loop it computes all but the newest rows of the
 * first window, and in each iteration the rows that are new. Its memory is a ring, addressed by the row modulo a power of two that holds a
 * window. Readers along a chain of rolled stages work too. (TVM, TensorIR: rolling_buffer; Halide: sliding window and storage folding.)
 *
 * @param dimension  the dimension along which the window moves; the first that moves unless told
 * @throws CompileError SCH103 · SCH163 a parallel or thread loop · SCH166 it is not computed in a loop · SCH167 no such dimension · SCH168
 *   consecutive iterations share nothing, or the window does not move forward along this dimension alone · SCH169 it reads what is
 *   computed in the loop, or something is computed inside of it
 */
export function rollingBuffer(schedule: Schedule, tensor: TensorLike, dimension?: number): void {
  primitive(schedule, rollingBuffer, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    if (stage.attachment.kind !== "at") throw new CompileError(notInALoop("rollingBuffer", stage.name, span));
    stage.rolling = null;
    const parts = domainsOf(schedule).byStage.get(stage);
    const chosen = dimension ?? movingDimension(parts);
    if (!Number.isSafeInteger(chosen) || chosen < 0 || chosen >= stage.axes.length)
      throw new CompileError(noDimension(stage.name, chosen, stage.axes.length, span));
    checkShares(stage, chosen, parts, span);
    stage.rolling = { dimension: chosen, span };
    record(schedule, "rollingBuffer", stage, { dimension: chosen });
  });
}

/** The first dimension whose part depends on the loop. */
function movingDimension(parts: Domain | undefined): number {
  const found = parts?.stage.axes.findIndex((_, dimension) => travelAlong(parts, dimension)?.most !== 0) ?? 0;
  return Math.max(0, found);
}

/** How the part that an iteration reads moves with the loop; null when that is not known. */
function travelAlong({ stage, regions, enclosing }: Domain, dimension: number): Travel | null {
  const min = regions.get(stage.axes[dimension] as IterVar)?.min;
  const loop = enclosing.at(-1);
  return min === undefined || loop === undefined ? null : travelOf(min, loop.variable);
}

/** A loop of one iteration has nothing to share and is left as it is; any other should. @throws CompileError SCH168 */
function checkShares(stage: Stage, dimension: number, parts: Domain | undefined, span: Span): void {
  const loop = parts?.enclosing.at(-1);
  const axis = stage.axes[dimension];
  if (parts === undefined || loop === undefined || axis === undefined || loop.extent <= 1) return;
  const moves = travelAlong(parts, dimension);
  const refuse = (why: string): never => {
    throw new CompileError(noWindow(stage.name, axis.name, loop.axis.name, why, span));
  };
  if (moves?.most === 0 && moves.least === 0) refuse("every iteration reads the same rows");
  if (moves !== null && moves.most >= (parts.regions.get(axis)?.extent ?? 0))
    refuse("consecutive iterations read no row twice");
}
