import { CompileError, isCompileError, type Span } from "@tilewright/diagnostics";
import { checkSchedule } from "./check-schedule.js";
import { drawNest } from "./draw-nest.js";
import { findStage } from "./lookup.js";
import { placeOf } from "./place.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/**
 * Runs one primitive: `change` validates what concerns the stage alone and changes it; then the whole schedule is checked. If anything throws, the
 * schedule is as it was, and the error shows the nest of the stage with the named loops underlined. A draft is not checked, and not kept either:
 * whoever makes one throws it away with the first error.
 */
export function primitive<R>(
  schedule: Schedule,
  above: (...args: never[]) => unknown,
  subject: { readonly tensor: TensorLike; readonly axes?: readonly AxisLike[] },
  change: (span: Span) => R,
): R {
  const span = placeOf(schedule, above);
  if (schedule.isDraft) return change(span);
  const before = remember(schedule);
  try {
    const result = change(span);
    checkSchedule(schedule, span);
    return result;
  } catch (error) {
    const picture = isCompileError(error) ? pictureOf(schedule, subject) : "";
    restore(schedule, before);
    throw withPicture(error, picture || pictureOf(schedule, subject));
  }
}

/** Whether a change would be accepted; the schedule stays as it is. */
export function isAccepted(schedule: Schedule, change: () => void): boolean {
  const before = remember(schedule);
  schedule.isDraft = false;
  try {
    change();
    return true;
  } catch (error) {
    if (!isCompileError(error)) throw error;
    return false;
  } finally {
    restore(schedule, before);
  }
}

interface Memory {
  readonly schedule: Schedule;
  readonly stages: readonly (readonly [Stage, Stage])[];
}

function remember(schedule: Schedule): Memory {
  return { schedule: { ...schedule }, stages: schedule.stages.map((stage) => [stage, { ...stage }] as const) };
}

function restore(schedule: Schedule, { schedule: before, stages }: Memory): void {
  Object.assign(schedule, before);
  for (const [stage, was] of stages) Object.assign(stage, was);
}

function pictureOf(
  schedule: Schedule,
  { tensor, axes = [] }: { readonly tensor: TensorLike; readonly axes?: readonly AxisLike[] },
): string {
  const stage = findStage(schedule, tensor);
  if (stage === undefined || stage.operation.kind === "Placeholder" || !Array.isArray(axes)) return "";
  const named = stage.leaves.filter((leaf) => axes.some((axis) => axis === leaf || axis === leaf.name));
  return drawNest(schedule, stage, named);
}

function withPicture(error: unknown, picture: string): unknown {
  if (!isCompileError(error) || picture === "") return error;
  const [first, ...rest] = error.diagnostics;
  if (first === undefined || (first.notes ?? []).length > 0) return error;
  return new CompileError({ ...first, notes: [picture] }, ...rest);
}
