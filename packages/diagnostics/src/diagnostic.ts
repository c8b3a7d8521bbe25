import type { Span } from "./span.js";

/** `error` stops the work; `warning` is returned with the result and never printed by a library. */
export type Severity = "error" | "warning";

/**
 * One thing to tell a person. `message` is one clause in lower case without a full stop, names in backticks;
 * `code` is stable between majors, texts are not; `hint` names an action that works.
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly expected?: string;
  readonly actual?: string;
  readonly hint?: string;
  /** Longer pictures: the loop nest with the loops in question underlined, the second place involved. */
  readonly notes?: readonly string[];
}
