import { CompileError, type Diagnostic, NO_SPAN } from "@tilewright/diagnostics";

/** Codes are those of `@tilewright/runtime` where the fault is the same. */
function error(code: string, rest: Omit<Diagnostic, "code" | "severity" | "span">): CompileError {
  return new CompileError({ code, severity: "error", span: NO_SPAN, ...rest });
}

/** RT102: an argument of another kind than the parameter. */
export function wrongArgument(place: string, expected: string, actual: string): CompileError {
  return error("RT102", {
    message: `${place} has the wrong type`,
    expected,
    actual,
    hint: "pass memory of the device for a buffer, a number for a scalar",
  });
}

/** RT104: something used after it was closed or freed. */
export function disposed(what: string): CompileError {
  return error("RT104", {
    message: `${what} is disposed`,
    expected: "one in use",
    actual: "one that was freed or closed",
    hint: "dispose it after its last use",
  });
}

/** RT105: no function of that name. */
export function unknownFunction(name: string, known: readonly string[]): CompileError {
  return error("RT105", {
    message: `there is no function \`${name}\``,
    expected: known.length === 0 ? "no functions" : known.join(", "),
    actual: name,
    hint: "see `functions` of the manifest",
  });
}

/** RT106: too few or too many arguments. */
export function wrongArgumentCount(name: string, expected: number, actual: number): CompileError {
  return error("RT106", {
    message: `\`${name}\` takes ${expected} arguments`,
    expected: `${expected}`,
    actual: `${actual}`,
    hint: "pass memory for each buffer and a number for each scalar",
  });
}

/** RT108: memory that this process does not get. */
export function outOfMemory(bytes: number, allocated: number): CompileError {
  return error("RT108", {
    message: "out of memory",
    expected: "a size that the process can allocate",
    actual: `${bytes} bytes more on top of ${allocated}`,
    hint: "free memory, or use smaller arrays",
  });
}

/** RT109: the caller's signal. */
export function aborted(name: string, reason: unknown): CompileError {
  return error("RT109", {
    message: `the run of \`${name}\` was aborted`,
    expected: "a signal that is not aborted",
    actual: reason instanceof Error ? reason.message : String(reason),
    hint: "nothing ran; call again",
  });
}

/** RT110: an assertion of compiled code. */
export function runFailed(name: string, reason: string): CompileError {
  return error("RT110", {
    message: `\`${name}\` stopped`,
    expected: "a run to the end",
    actual: `assertion failed: ${reason}`,
    hint: "outputs are incomplete; the assertion names what it needs",
  });
}

/** RT111: a library that this system does not load. */
export function badModule(reason: string): CompileError {
  return error("RT111", {
    message: "the system refuses a module of the artifact",
    expected: "a shared library for this system, made by `sharedLibrary()`",
    actual: reason,
    hint: "build it on this machine; the folder of temporary files must allow programs",
  });
}

/** RT113: a place outside of a buffer. */
export function outOfRange(what: string, expected: string, actual: string): CompileError {
  return error("RT113", {
    message: `${what} is out of range`,
    expected,
    actual,
    hint: "offsets and lengths are in bytes",
  });
}

/** RT114: an option that makes no sense. */
export function badOption(name: string, expected: string, actual: string): CompileError {
  return error("RT114", { message: `the option \`${name}\` is wrong`, expected, actual, hint: `pass ${expected}` });
}
