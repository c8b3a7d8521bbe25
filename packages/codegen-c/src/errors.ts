import type { Diagnostic, Span } from "@tilewright/diagnostics";

const error = (code: string, span: Span, rest: Omit<Diagnostic, "code" | "severity" | "span">): Diagnostic => ({
  code,
  severity: "error",
  span,
  ...rest,
});

/** BE203: an intrinsic in an expression: templates stand for statements. */
export function intrinsicValue(intrinsic: string, span: Span): Diagnostic {
  return error("BE203", span, {
    message: `the intrinsic \`${intrinsic}\` has no value in C code of ours`,
    expected: "intrinsics as statements, which write their result to a buffer",
    actual: `\`${intrinsic}\` in an expression`,
    hint: "schedule it with `tensorize`, or compute the value with operators",
  });
}

/** BE205: functions that call each other in a circle have no workspace of a fixed size. */
export function recursiveCall(names: readonly string[], span: Span): Diagnostic {
  return error("BE205", span, {
    message: `functions call each other in a circle: ${names.map((name) => `\`${name}\``).join(" → ")}`,
    expected: "calls without recursion",
    actual: `a circle of ${names.length}`,
    hint: "turn the recursion into a loop",
  });
}

/** BE207: more text, deeper nesting or more memory than a C compiler takes. */
export function tooLarge(what: string, limit: number, span: Span): Diagnostic {
  return error("BE207", span, {
    message: `${what} is too large for C`,
    expected: `at most ${limit}`,
    actual: `more than ${limit}`,
    hint: "unroll less, choose smaller tiles, or bind shared subexpressions to a `Let`",
  });
}

/** BE208: an option of the backend that does not exist. */
export function badOption(option: string, actual: string, expected: string, span: Span): Diagnostic {
  return error("BE208", span, {
    message: `bad option \`${option}\` of the C backend`,
    expected,
    actual,
    hint: `set \`${option}\` to one of the expected values`,
  });
}
