import type { Diagnostic } from "./diagnostic.js";
import { formatSpan } from "./span.js";

/**
 * A diagnostic as text:
 *
 *     error[SCH102]: cannot split `i` exactly
 *       --> examples/add.ts:7:3
 *       = expected: a factor that divides 10
 *       = actual: 4 (remainder 2)
 *       = hint: use tail: "guard", or one of: 1, 2, 5, 10
 */
export function render(diagnostic: Diagnostic): string {
  const { code, severity, message, span, expected, actual, hint, notes = [] } = diagnostic;
  const lines = [`${severity}[${code}]: ${message}`, `  --> ${formatSpan(span)}`];
  if (expected !== undefined) lines.push(`  = expected: ${expected}`);
  if (actual !== undefined) lines.push(`  = actual: ${actual}`);
  if (hint !== undefined) lines.push(`  = hint: ${hint}`);
  for (const note of notes) lines.push(...note.split("\n").map((line) => `  | ${line}`));
  return lines.join("\n");
}
