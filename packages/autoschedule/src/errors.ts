import type { Diagnostic, Span } from "@tilewright/diagnostics";

/** AS101: no tensors, or no target. */
export const nothingToSchedule = (actual: string, span: Span): Diagnostic => ({
  code: "AS101",
  severity: "error",
  message: "there is nothing to schedule",
  span,
  expected: "a list of tensors, and the capabilities of a target",
  actual,
  hint: "autoschedule([C], { capabilities: wasm().capabilities })",
});
