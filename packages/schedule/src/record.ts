import type { Json } from "@tilewright/ir";
import type { Schedule, Stage } from "./schedule.js";

/** Appends one primitive to the trace. Called last, when nothing can fail any more. */
export function record(
  schedule: Schedule,
  primitive: string,
  stage: Stage,
  args: { readonly [name: string]: Json },
  results: readonly string[] = [],
): void {
  schedule.records = [...schedule.records, { primitive, stage: stage.name, arguments: args, results }];
}
