import { CompileError, callSite, isCompileError, type Span } from "@tilewright/diagnostics";
import type { Tensor, Trace, TraceRecord } from "@tilewright/ir";
import { Arguments } from "./arguments.js";
import { checkSchedule } from "./check-schedule.js";
import { newSchedule } from "./create-schedule.js";
import { badRecord } from "./errors.js";
import { badIntrinsic } from "./errors-tensorize.js";
import { PRIMITIVES } from "./primitives.js";
import type { Choose } from "./sampled.js";
import type { Schedule, TensorIntrinsic } from "./schedule.js";
import { checkIntrinsic } from "./tensor-intrinsic.js";

/** What was done to a schedule, as data: it prints, serialises and replays. */
export function traceOf(schedule: Schedule): Trace {
  return { version: 1, records: schedule.records };
}

export interface ReplayOptions {
  /** What the names of intrinsics in the trace mean. */
  readonly intrinsics?: readonly TensorIntrinsic[];
  /** Decides anew where a decision of the trace does not fit these shapes; without it that is an error. */
  readonly resample?: Choose;
}

/**
 * Does again, on tensors of the same structure (other shapes, perhaps), what a trace says.
 * @throws CompileError SCH120 for a record that is no call of a primitive; SCH145 for a decision that does not fit; SCH153 and SCH156 for intrinsics; what the primitive throws, with
 *   the step in a note
 */
export function replay(outputs: Tensor | readonly Tensor[], trace: Trace, options: ReplayOptions = {}): Schedule {
  const span = callSite(replay);
  const { intrinsics = [], resample = null } = options ?? {};
  if (!Array.isArray(intrinsics))
    throw new CompileError(badIntrinsic("intrinsics", "it is no list of intrinsics", span));
  for (const intrinsic of intrinsics) checkIntrinsic(intrinsic, span);
  if (trace?.version !== 1 || !Array.isArray(trace.records))
    throw new CompileError(badRecord(0, "trace", "it is no trace of version 1", span));
  const run = (isDraft: boolean): Schedule => {
    const schedule = newSchedule(outputs, span);
    schedule.place = span;
    schedule.isDraft = isDraft;
    schedule.intrinsics = new Map(intrinsics.map((intrinsic) => [intrinsic.name, intrinsic]));
    for (const [step, record] of trace.records.entries()) replayRecord(schedule, record, step, span, resample);
    if (isDraft) checkSchedule(schedule, span);
    return Object.assign(schedule, { place: null, isDraft: false });
  };
  if (resample !== null) return run(false);
  try {
    return run(true);
  } catch {
    return run(false); // finds the step at which the schedule became illegal
  }
}

function replayRecord(
  schedule: Schedule,
  record: TraceRecord,
  step: number,
  span: Span,
  resample: Choose | null,
): void {
  const fail = (why: string): never => {
    throw new CompileError(badRecord(step, String(record?.primitive), why, span));
  };
  const apply = Object.hasOwn(PRIMITIVES, String(record?.primitive)) ? PRIMITIVES[record.primitive] : undefined;
  if (apply === undefined) {
    fail("there is no such primitive");
    return;
  }
  if (typeof record.stage !== "string" || !Array.isArray(record.results)) fail("it names no stage, or no results");
  try {
    apply(schedule, record, new Arguments(record, fail, resample));
  } catch (error) {
    if (!isCompileError(error) || error.code === "SCH120") throw error;
    const [first, ...rest] = error.diagnostics;
    if (first === undefined) throw error;
    const note = `at step ${step} of the trace, \`${record.primitive}\` on \`${record.stage}\``;
    throw new CompileError({ ...first, notes: [...(first.notes ?? []), note] }, ...rest);
  }
}
