import type { Trace } from "../tensor.js";
import { NEWLINE, type Piece } from "./pieces.js";
import { nameText } from "./syntax.js";

/** `io, ii = split C(axis: "i", factor: 4)`, a line a record. */
export function tracePieces(trace: Trace): Piece[] {
  const lines = trace.records.flatMap((record): Piece[] => {
    const results = record.results.length === 0 ? "" : `${record.results.map(nameText).join(", ")} = `;
    const args = Object.entries(record.arguments).map(([name, value]) => `${nameText(name)}: ${JSON.stringify(value)}`);
    return [NEWLINE, `${results}${nameText(record.primitive)} ${nameText(record.stage)}(${args.join(", ")})`];
  });
  return [`trace ${trace.version}`, ...lines];
}
