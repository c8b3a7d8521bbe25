import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Trace, TraceRecord } from "@tilewright/ir";
import { badRecord } from "./errors.js";

/** The records of a trace that may come from a file. @throws CompileError SCH120 */
export function recordsOf(trace: Trace, span: Span): readonly TraceRecord[] {
  const records: unknown = trace?.records;
  if (trace?.version !== 1 || !Array.isArray(records))
    throw new CompileError(badRecord(0, "trace", "it is no trace of version 1", span));
  for (const [step, record] of (records as readonly TraceRecord[]).entries()) {
    const { primitive, stage, arguments: args, results } = record ?? {};
    if (
      typeof primitive !== "string" ||
      typeof stage !== "string" ||
      typeof args !== "object" ||
      args === null ||
      !Array.isArray(results)
    )
      throw new CompileError(badRecord(step, String(primitive), "it is no record of a primitive", span));
  }
  return records as readonly TraceRecord[];
}
