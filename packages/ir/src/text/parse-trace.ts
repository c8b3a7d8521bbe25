import type { Json } from "../func.js";
import type { Trace, TraceRecord } from "../tensor.js";
import { type Cursor, jsonValue, listUntil, wholeNumber } from "./cursor.js";

/** `trace 1`, then a line a record: `io, ii = split C(axis: "i", factor: 4)`. */
export function parseTrace(cursor: Cursor): Trace {
  cursor.expect("trace");
  if (wholeNumber(cursor) !== 1) cursor.fail("a trace of version 1 before this");
  const records: TraceRecord[] = [];
  while (cursor.peek().type !== "end") records.push(parseRecord(cursor));
  return { version: 1, records };
}

function parseRecord(cursor: Cursor): TraceRecord {
  const names = [cursor.name("a schedule primitive or its results")];
  while (cursor.accept(",")) names.push(cursor.name("the name of a result"));
  const hasResults = names.length > 1 || cursor.peek().text === "=";
  if (hasResults) cursor.expect("=");
  const primitive = hasResults ? cursor.name("a schedule primitive") : (names[0] as string);
  const stage = cursor.name("the name of a stage");
  cursor.expect("(");
  const entries = listUntil(cursor, ")", (): [string, Json] => {
    const key = cursor.name("the name of an argument");
    cursor.expect(":");
    return [key, jsonValue(cursor)];
  });
  return { primitive, stage, arguments: Object.fromEntries(entries), results: hasResults ? names : [] };
}
