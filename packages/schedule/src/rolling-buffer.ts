import { CompileError, type Span } from "@tilewright/diagnostics";
import { checkPlaces } from "./check-places.js";
import { checkRolling } from "./check-rolling.js";
import { domainsOf } from "./check-schedule.js";
import { noDimension, notInALoop, noWindow } from "./errors-pipeline.js";
import { stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { travelOf } from "./rolling-window.js";
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
    const chosen = dimension ?? movingDimension(schedule, stage);
    if (!Number.isSafeInteger(chosen) || chosen < 0 || chosen >= stage.axes.length)
      throw new CompileError(noDimension(stage.name, chosen, stage.axes.length, span));
    stage.rolling = { dimension: chosen, span };
    checkPlaces(schedule, span);
    checkRolling(schedule, span);
    checkShares(schedule, stage, chosen, span);
    record(schedule, "rollingBuffer", stage, { dimension: chosen });
  });
}

/** The first dimension whose part depends on the loop. */
function movingDimension(schedule: Schedule, stage: Stage): number {
  const domain = domainsOf(schedule).byStage.get(stage);
  const loop = domain?.enclosing.at(-1);
  if (domain === undefined || loop === undefined) return 0;
  const found = stage.axes.findIndex((axis) => {
    const min = domain.regions.get(axis)?.min;
    const moves = min === undefined ? null : travelOf(min, loop.variable);
    return moves === null || moves.least !== 0 || moves.most !== 0;
  });
  return Math.max(0, found);
}

/** A loop of one iteration has nothing to share and is left as it is; any other should. @throws CompileError SCH168 */
function checkShares(schedule: Schedule, stage: Stage, dimension: number, span: Span): void {
  const domain = domainsOf(schedule).byStage.get(stage);
  const loop = domain?.enclosing.at(-1);
  if (domain === undefined || loop === undefined || loop.extent <= 1) return;
  const why =
    domain.rolled === null
      ? "consecutive iterations read no row twice"
      : domain.rolled.step === 0
        ? "every iteration reads the same rows"
        : null;
  if (why === null) return;
  throw new CompileError(noWindow(stage.name, stage.axes[dimension]?.name ?? "", loop.axis.name, why, span));
}
