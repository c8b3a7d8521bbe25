import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";

/** BE203: an intrinsic in an expression: templates stand for statements. */
export function intrinsicValue(intrinsic: string, span: Span): Diagnostic {
  return {
    code: "BE203",
    severity: "error",
    message: `the intrinsic \`${intrinsic}\` has no value in WebAssembly`,
    span,
    expected: "intrinsics as statements, which write their result to a buffer",
    actual: `\`${intrinsic}\` in an expression`,
    hint: "schedule it with `tensorize`, or compute the value with operators",
  };
}

/** BE206: a function that engines refuse. */
export function functionTooLarge(name: string, what: string, limit: number, actual: number, span: Span): Diagnostic {
  return {
    code: "BE206",
    severity: "error",
    message: `function \`${name}\` is too large for WebAssembly engines`,
    span,
    expected: `at most ${limit} ${what}`,
    actual: `${actual}`,
    hint: "unroll less",
  };
}

/** BE207: more scratch memory than 32-bit addresses reach. */
export function workspaceTooLarge(buffer: string, limit: number, actual: number, span: Span): Diagnostic {
  return {
    code: "BE207",
    severity: "error",
    message: `the allocation \`${buffer}\` does not fit in WebAssembly's memory`,
    span,
    expected: `at most ${limit} bytes that a function allocates at once`,
    actual: `${actual} bytes`,
    hint: "compute in smaller tiles",
  };
}

/** BE208: a function that calls itself, so that its workspace has no bound. */
export function recursiveCall(name: string, span: Span): Diagnostic {
  return {
    code: "BE208",
    severity: "error",
    message: `\`${name}\` calls itself, perhaps through others`,
    span,
    expected: "calls without a circle",
    actual: "a circle of calls",
    hint: "turn the recursion into a loop",
  };
}

/** BE211: an option of the backend that does not exist. */
export function badOption(option: string, expected: string, actual: unknown): Diagnostic {
  return {
    code: "BE211",
    severity: "error",
    message: `bad option \`${option}\` of the WebAssembly backend`,
    span: NO_SPAN,
    expected,
    actual: typeof actual === "string" ? JSON.stringify(actual) : String(actual),
    hint: `set \`${option}\` to one of the expected values`,
  };
}

/** BE212: a name that the calling convention keeps. */
export function reservedName(name: string, span: Span): Diagnostic {
  return {
    code: "BE212",
    severity: "error",
    message: `a function cannot be called \`${name}\``,
    span,
    expected: "a name that the calling convention does not use itself",
    actual: name,
    hint: "give the function another name",
  };
}
