import type { Diagnostic, Span } from "@tilewright/diagnostics";

/** What a diagnostic says beside its message. */
export interface Details {
  readonly expected: string;
  readonly actual: string;
  readonly hint?: string;
}

/** A diagnostic of severity error. */
export const error = (code: string, message: string, span: Span, details: Details): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...details,
});
