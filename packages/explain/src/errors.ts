import type { Diagnostic, Span } from "@tilewright/diagnostics";

/** EXP101: a machine with a field that no machine has. */
export const badMachine = (field: string, expected: string, actual: string, span: Span): Diagnostic => ({
  code: "EXP101",
  severity: "error",
  message: `the machine's \`${field}\` is not usable`,
  span,
  expected,
  actual,
  hint: "take `ZEN3_NATIVE` or `WASM_ON_V8` as a pattern, or `machineOf(backend.capabilities, rates)`",
});

/** EXP102: no schedule, or options that are none. */
export const badArgument = (what: string, expected: string, actual: string, span: Span): Diagnostic => ({
  code: "EXP102",
  severity: "error",
  message: `cannot explain ${what}`,
  span,
  expected,
  actual,
  hint: "explain(createSchedule(C), ZEN3_NATIVE)",
});
