import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";

const error = (code: string, span: Span, message: string, more: Partial<Diagnostic>): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...more,
});

/** CO101: a constant or an initial state names bytes that are not there. */
export function missingBlob(value: string, blob: string, byteLength: number, span: Span): Diagnostic {
  return error("CO101", span, `the data of \`${value}\` is missing`, {
    expected: `${byteLength} bytes in the blob \`${blob}\``,
    actual: "no such blob, or a shorter one",
    hint: "compile a model, a graph together with its blobs",
  });
}

/** CO102: a value is needed that was not given. */
export function missingInput(value: string, span: Span): Diagnostic {
  return error("CO102", span, `\`${value}\` has no value`, {
    expected: "an array for each input of the graph",
    actual: `none for \`${value}\``,
    hint: "give it in the map of inputs, by its Value",
  });
}

/** CO103: the toolchain does not take what the backend makes. */
export function toolchainMismatch(backend: string, format: string, toolchain: string, accepts: string): Diagnostic {
  return error("CO103", NO_SPAN, `the toolchain \`${toolchain}\` does not fit the backend \`${backend}\``, {
    expected: `a toolchain that accepts ${format}`,
    actual: `one that accepts ${accepts}`,
    hint: "leave the toolchain out, or take one for this backend",
  });
}

/** CO104: a target that cannot hold the host program. */
export function noHostCode(backend: string): Diagnostic {
  return error("CO104", NO_SPAN, `the backend \`${backend}\` cannot run whole models`, {
    expected: "a backend whose capabilities have hostCode",
    actual: "hostCode: false",
    hint: "compile single kernels with compileTensors, or choose another target",
  });
}

/** CO105: functions that would have one name. */
export function duplicateFunction(name: string, span: Span): Diagnostic {
  return error("CO105", span, `two functions are called \`${name}\``, {
    expected: "a name of its own for each function",
    actual: `\`${name}\` twice`,
    hint: "rename one of them",
  });
}

/** CO201 (warning): a group whose schedule failed runs as written. */
export function unscheduled(kernel: string, reason: string): Diagnostic {
  return {
    code: "CO201",
    severity: "warning",
    message: `\`${kernel}\` is compiled without a schedule`,
    span: NO_SPAN,
    expected: "a rule whose trace applies",
    actual: reason,
    hint: "report the group: it will be slow, though right",
  };
}

/** CO106: an element type that no array at the boundary has. */
export function inexpressibleType(value: string, dtype: string, span: Span): Diagnostic {
  return error("CO106", span, `\`${value}\` cannot cross the boundary of a model`, {
    expected: "bool, an integer of at least 8 bits, or a float",
    actual: dtype,
    hint: "cast it inside the graph",
  });
}

/** CO107: an argument or option that is none of those there are. */
export function badArgument(name: string, expected: string, given: unknown): Diagnostic {
  const text =
    typeof given === "string" ? JSON.stringify(given) : typeof given === "object" ? typeName(given) : `${given}`;
  return error("CO107", NO_SPAN, `\`${name}\` cannot be compiled with`, {
    expected,
    actual: text,
    hint: "see `CompileOptions` for what can be given",
  });
}

const typeName = (given: object | null): string =>
  given === null ? "null" : `an object with ${Object.keys(given).slice(0, 5).join(", ") || "nothing"}`;

/** CO110: variants that are not variants of one program. */
export function differentVariants(what: string, span: Span): Diagnostic {
  return error("CO110", span, "the variants are of different programs", {
    expected: "artifacts that differ in their modules alone",
    actual: `${what} differs`,
    hint: "compile the same model for each target",
  });
}
