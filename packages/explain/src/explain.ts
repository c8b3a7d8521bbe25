import { CompileError, callSite } from "@tilewright/diagnostics";
import { intrinsicsOf, type Schedule, toPrimFunc } from "@tilewright/schedule";
import { analyse } from "./analyse.js";
import { badArgument } from "./errors.js";
import type { Explanation } from "./explanation.js";
import { checkMachine, type Machine } from "./machine.js";
import { stageNames } from "./stage-names.js";

export interface ExplainOptions {
  /** Threads that run parallel loops; at most the machine's cores, which is the default. */
  readonly threads?: number;
}

/**
 * What a schedule does on a machine: for every stage its nest, memory traffic, working sets, arithmetic, vectors and the roof that bounds it. It is the
 * loop IR of `toPrimFunc` that is read, so that what is explained is what is lowered. The model stands in the README; times are lower bounds.
 *
 * @throws CompileError EXP101 a machine that is none · EXP102 no schedule, or threads that are no positive integer · what `toPrimFunc` throws
 */
export function explain(schedule: Schedule, machine: Machine, options: ExplainOptions = {}): Explanation {
  const span = callSite(explain);
  if (!Array.isArray(schedule?.stages) || !Array.isArray(schedule.outputs))
    throw new CompileError(
      badArgument("what is no schedule", "what createSchedule or replay gave", typeof schedule, span),
    );
  checkMachine(machine, explain);
  const wanted = options?.threads ?? machine.cores;
  if (!Number.isSafeInteger(wanted) || wanted < 1)
    throw new CompileError(badArgument("with these threads", "a positive integer", String(wanted), span));
  const threads = Math.min(wanted, machine.cores);
  const func = toPrimFunc(schedule);
  const meanings = new Map(intrinsicsOf(schedule).map(({ name, semantics }) => [name, semantics]));
  return analyse(func, stageNames(schedule, func), machine, threads, meanings);
}
