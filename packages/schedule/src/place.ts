import { callSite, type Span } from "@tilewright/diagnostics";
import type { Schedule } from "./schedule.js";

/** The user's call that led here: that of the primitive `above`, or of `replay` while a trace is replayed. */
export function placeOf(schedule: Schedule, above: (...args: never[]) => unknown): Span {
  return schedule.place ?? callSite(above);
}
