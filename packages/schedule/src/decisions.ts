import { CompileError, callSite } from "@tilewright/diagnostics";
import type { Json, Trace } from "@tilewright/ir";
import { badDecision } from "./errors-layout.js";
import { recordsOf } from "./records-of.js";

/** What a sampling instruction of a trace decided. */
export interface Decision {
  /** Position of the record in the trace. */
  readonly step: number;
  readonly primitive: string;
  readonly stage: string;
  readonly decision: Json;
}

/**
 * All decisions of a trace in order: what a tuner may vary.
 * @throws CompileError SCH120 it is no trace
 */
export function decisionsOf(trace: Trace): readonly Decision[] {
  return recordsOf(trace, callSite(decisionsOf)).flatMap(({ primitive, stage, arguments: args }, step) => {
    const { decision } = args;
    return primitive.startsWith("sample") && decision !== undefined ? [{ step, primitive, stage, decision }] : [];
  });
}

/**
 * The trace with another decision at a step; `replay` says whether it is legal, and gives it to everything that used the one before.
 * @throws CompileError SCH120 it is no trace · SCH145 the step decides nothing
 */
export function withDecision(trace: Trace, step: number, decision: Json): Trace {
  const decides = decisionsOf(trace).map((each) => each.step);
  if (!decides.includes(step))
    throw new CompileError(
      badDecision(
        `step ${String(step)}`,
        `a step that decides: ${decides.join(", ") || "there is none"}`,
        decision,
        callSite(withDecision),
      ),
    );
  const records = trace.records.map((each, position) =>
    position === step ? { ...each, arguments: { ...each.arguments, decision } } : each,
  );
  return { ...trace, records };
}
