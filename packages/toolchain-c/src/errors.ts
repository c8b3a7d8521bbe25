import { type Diagnostic, NO_SPAN, type Span } from "@tilewright/diagnostics";

const error = (
  code: string,
  rest: Omit<Diagnostic, "code" | "severity" | "span">,
  span: Span = NO_SPAN,
): Diagnostic => ({
  code,
  severity: "error",
  span,
  ...rest,
});

/** TC101: no compiler of the kind is on this machine. */
export function toolMissing(toolchain: string, looked: readonly string[], install: string): Diagnostic {
  return error("TC101", {
    message: `toolchain \`${toolchain}\` cannot run here`,
    expected: `one of ${looked.join(", ")}`,
    actual: "none of them",
    hint: install,
  });
}

/** TC102: the tool refused the text. */
export function toolFailed(tool: string, exitCode: number | null, output: string, span: Span): Diagnostic {
  return error(
    "TC102",
    {
      message: `${tool} refused the module`,
      expected: "C that it compiles",
      actual: exitCode === null ? "it was killed" : `exit code ${exitCode}`,
      hint: "the notes hold the tool's own words; generated C that does not compile is a fault of the backend that wrote it",
      notes: [output.trim().slice(0, 4000)],
    },
    span,
  );
}

/** TC103: the tool took too long. */
export function toolTimedOut(tool: string, timeoutMs: number): Diagnostic {
  return error("TC103", {
    message: `${tool} did not finish`,
    expected: `a result within ${timeoutMs} ms`,
    actual: "still running, so it was stopped",
    hint: "raise `timeoutMs`, or unroll less",
  });
}

/** TC104: the toolchain compiles C. */
export function wrongFormat(toolchain: string, format: string): Diagnostic {
  return error("TC104", {
    message: `toolchain \`${toolchain}\` compiles C`,
    expected: "a module of format `c-source`",
    actual: `format \`${format}\``,
    hint: "use the C backend, or no toolchain",
  });
}

/** TC105: the WebAssembly module breaks the calling convention. */
export function notInstantiable(toolchain: string, what: string, hint: string): Diagnostic {
  return error("TC105", {
    message: `the module of \`${toolchain}\` does not follow the calling convention`,
    expected: "no static data, no stack in memory, no further imports",
    actual: what,
    hint,
  });
}

/** TC106: an option that does not exist. */
export function badOption(option: string, actual: string, expected: string): Diagnostic {
  return error("TC106", {
    message: `bad option \`${option}\``,
    expected,
    actual,
    hint: `set \`${option}\` to what is expected`,
  });
}

/** TC107: files could not be written or read. */
export function ioFailed(what: string, cause: string): Diagnostic {
  return error("TC107", {
    message: `cannot ${what}`,
    expected: "a folder for temporary files that can be written",
    actual: cause,
    hint: "check the free space and rights of the folder for temporary files",
  });
}

/** TC201: results are not kept (a warning). */
export function cacheUnusable(folder: string, cause: string): Diagnostic {
  return {
    code: "TC201",
    severity: "warning",
    span: NO_SPAN,
    message: `the cache \`${folder}\` cannot be used`,
    expected: "a folder that can be written",
    actual: cause,
    hint: "set `cache` to another folder, or to false",
  };
}

/** TC202: the compiler broke down and was asked for less (a warning). */
export function toolBrokeDown(tool: string, retry: readonly string[]): Diagnostic {
  return {
    code: "TC202",
    severity: "warning",
    span: NO_SPAN,
    message: `the compiler of ${tool} broke down on the module`,
    expected: "a compiler that compiles it with full optimisation",
    actual: `it succeeds with ${retry.join(" ")} only`,
    hint: "the module is right but slower: use clang, or a newer compiler",
  };
}
