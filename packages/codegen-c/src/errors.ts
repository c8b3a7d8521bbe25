import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { DType } from "@tilewright/ir";

const error = (code: string, span: Span, rest: Omit<Diagnostic, "code" | "severity" | "span">): Diagnostic => ({
  code,
  severity: "error",
  span,
  ...rest,
});

/** BE201: an element type that C code of ours does not hold. */
export function unsupportedType(dtype: DType, span: Span): Diagnostic {
  return error("BE201", span, {
    message: `the C backend does not support \`${dtype}\``,
    expected: "bool, an integer of 8 to 64 bits, or a float type",
    actual: dtype,
    hint: "store the values in a wider type, as int8",
  });
}

/** BE202: a statement that belongs to another kind of target. */
export function unsupportedStatement(what: string, span: Span): Diagnostic {
  return error("BE202", span, {
    message: `the C backend has no ${what}`,
    expected: "serial loops, and parallel ones outlined by `lower`",
    actual: what,
    hint: "compile this function for a target that declares it, or schedule it without",
  });
}

/** BE203: an operator that `lower` must expand first. */
export function unsupportedOperator(op: string, span: Span): Diagnostic {
  return error("BE203", span, {
    message: `\`${op}\` is not native in C code of ours`,
    expected: "an operator that the capabilities declare",
    actual: op,
    hint: "run `lower` with this backend's capabilities: it expands the operator",
  });
}

/** BE204: a call of a function that the module does not hold, or not with this role. */
export function unknownCallee(name: string, span: Span): Diagnostic {
  return error("BE204", span, {
    message: `\`${name}\` is called but the module does not hold it in that role`,
    expected: "the name of a function of the module",
    actual: name,
    hint: "add the function to the module, or correct the name",
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

/** BE206: not at the device level. */
export function notDeviceLevel(what: string, expected: string, span: Span): Diagnostic {
  return error("BE206", span, {
    message: `${what} is not device-level loop IR`,
    expected,
    actual: what,
    hint: "run `lower` on the module first",
  });
}

/** BE207: more text or deeper nesting than a C compiler takes. */
export function tooLarge(what: string, limit: number, span: Span): Diagnostic {
  return error("BE207", span, {
    message: `${what} is too large for C`,
    expected: `at most ${limit}`,
    actual: `more than ${limit}`,
    hint: "unroll less, or bind shared subexpressions to a `Let`",
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
