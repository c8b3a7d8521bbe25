import { badField } from "../errors-format.js";
import type { Trace, TraceRecord } from "../tensor.js";
import { copyJson, describe, isRecord, type Problems } from "./decode-field.js";

/** A schedule trace: version 1, records with the fields they should have. Undefined after a problem was reported. */
export function decodeTrace(root: { readonly [key: string]: unknown }, problems: Problems): Trace | undefined {
  const { version, records } = root;
  if (version !== 1) return problems.add(badField("root.version", "1", describe(version))) as undefined;
  if (!Array.isArray(records)) return problems.add(badField("root.records", "a list", describe(records))) as undefined;
  const read: TraceRecord[] = [];
  for (const [position, raw] of (records as readonly unknown[]).entries()) {
    const record = decodeRecord(raw);
    if (record === undefined) {
      problems.add(badField(`root.records[${position}]`, "{ primitive, stage, arguments, results }", describe(raw)));
      return undefined;
    }
    read.push(record);
  }
  return { version: 1, records: read };
}

function decodeRecord(raw: unknown): TraceRecord | undefined {
  if (!isRecord(raw) || Object.keys(raw).length !== 4) return undefined;
  const { primitive, stage, arguments: args, results } = raw;
  if (typeof primitive !== "string" || typeof stage !== "string" || !isRecord(args) || !Array.isArray(results))
    return undefined;
  const copy = copyJson(args, 0);
  if (copy === undefined || !results.every((name) => typeof name === "string")) return undefined;
  return { primitive, stage, arguments: copy as TraceRecord["arguments"], results: [...(results as string[])] };
}
