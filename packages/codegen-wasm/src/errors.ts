import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";

/** BE201: an element type that the target has not. */
export function unsupportedDtype(dtype: string, span: Span): Diagnostic {
  return {
    code: "BE201",
    severity: "error",
    message: `WebAssembly cannot hold \`${dtype}\` elements`,
    span,
    expected: "bool, int8 to int64, uint8 to uint64, float16, bfloat16, float32 or float64",
    actual: dtype,
    hint: "cast to a wider type before computing",
  };
}

/** BE202: a kind of loop or a thread tag that the target has not. */
export function unsupportedLoop(loopKind: string, span: Span): Diagnostic {
  return {
    code: "BE202",
    severity: "error",
    message: `WebAssembly has no \`${loopKind}\` loops`,
    span,
    expected: "serial or parallel loops",
    actual: loopKind,
    hint: "unbind the axis, or compile for a target with threads of a launch",
  };
}

/** BE203: an operator that should have been expanded before code is generated. */
export function unsupportedOperator(operator: string, type: string, span: Span): Diagnostic {
  return {
    code: "BE203",
    severity: "error",
    message: `\`${operator}\` of ${type} is not an instruction of WebAssembly`,
    span,
    expected: "an operator that the capabilities name",
    actual: operator,
    hint: "run `lower` with the capabilities of this backend: it expands math functions",
  };
}

/** BE204: a vector that no register holds, or vectors where SIMD is off. */
export function unsupportedVector(type: string, simd: boolean, span: Span): Diagnostic {
  return {
    code: "BE204",
    severity: "error",
    message: `no register holds \`${type}\``,
    span,
    expected: simd ? "a power of two of lanes, 16 bytes at most" : "scalars, since SIMD is off",
    actual: type,
    hint: simd ? "split the vectorized axis by a smaller factor" : "compile with `wasm({ simd: true })`",
  };
}

/** BE205: a statement that belongs to another kind of target. */
export function unsupportedStatement(kind: string, span: Span): Diagnostic {
  return {
    code: "BE205",
    severity: "error",
    message: `\`${kind}\` has no meaning in WebAssembly`,
    span,
    expected: "loops, stores, branches, allocations and calls",
    actual: kind,
    hint: "compile for a target that declares queues, barriers or launches",
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

/** BE207: an allocation whose size is not a constant, or that does not fit 32-bit addresses. */
export function badAllocation(buffer: string, actual: string, span: Span): Diagnostic {
  return {
    code: "BE207",
    severity: "error",
    message: `the size of \`${buffer}\` is not usable`,
    span,
    expected: "constant extents, less than 2 GiB in all",
    actual,
    hint: "bound the extents of the buffer by constants",
  };
}

/** BE208: a call of a function that is not there, does not take these arguments, or calls itself. */
export function badCall(callee: string, expected: string, actual: string, span: Span): Diagnostic {
  return {
    code: "BE208",
    severity: "error",
    message: `\`${callee}\` cannot be called here`,
    span,
    expected,
    actual,
    hint: "compile the functions that call each other as one module",
  };
}

/** BE209: a variable or buffer that nothing binds. */
export function unbound(name: string, span: Span): Diagnostic {
  return {
    code: "BE209",
    severity: "error",
    message: `\`${name}\` is used where nothing defines it`,
    span,
    expected: "a parameter, loop variable, let, register or allocation around the use",
    actual: name,
    hint: "run `verify` on the function: it shows the place",
  };
}

/** BE210: loop IR that is not at device level. */
export function notDeviceLevel(what: string, expected: string, span: Span): Diagnostic {
  return {
    code: "BE210",
    severity: "error",
    message: `${what} is not device-level loop IR`,
    span,
    expected,
    actual: what,
    hint: "run `lower` before `compile`",
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
