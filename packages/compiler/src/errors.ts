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

/** CO108: a kernel that no target takes. `obstacles`: the error of each. */
export function untakenKernel(
  kernel: string,
  operators: readonly string[],
  targets: readonly string[],
  obstacles: readonly Diagnostic[],
): Diagnostic {
  const [first] = obstacles;
  const names = targets.map((target) => `\`${target}\``).join(" nor ");
  const what = operators.length === 0 ? `\`${kernel}\`` : `\`${kernel}\` (${operators.join(", ")})`;
  const help =
    targets.length === 1
      ? "give a `host` that takes it, as `compile(model, { target, host: wasm() })`"
      : "give another host that takes it";
  return error("CO108", first?.span ?? NO_SPAN, `the kernel ${what} cannot be compiled for ${names}`, {
    expected: first?.expected ?? "a kernel that the target declares",
    actual: obstacles.map(({ message }) => message).join("; "),
    hint: first?.hint === undefined ? help : `${help}; or ${first.hint}`,
  });
}

/** CO202 (warning): kernels that the target does not take. */
export function movedToHost(
  target: string,
  host: string,
  total: number,
  moved: readonly { readonly name: string; readonly operators: readonly string[]; readonly reason: string | null }[],
): Diagnostic {
  const shown = moved
    .slice(0, 4)
    .map(({ name, operators, reason }) => `\`${name}\` (${operators.join(", ")}): ${reason}`);
  const more = moved.length > shown.length ? [`and ${moved.length - shown.length} more`] : [];
  return {
    code: "CO202",
    severity: "warning",
    message: `${moved.length} of ${total} kernels run on the host \`${host}\``,
    span: NO_SPAN,
    expected: `kernels that \`${target}\` takes`,
    actual: [...shown, ...more].join("; "),
    hint: "`report.kernels` says it of each; what they read and write moves between the two in each run",
  };
}

/** CO110: variants that are not variants of one program. */
export function differentVariants(what: string, span: Span): Diagnostic {
  return error("CO110", span, "the variants are of different programs", {
    expected: "artifacts that differ in their modules alone",
    actual: `${what} differs`,
    hint: "compile the same model for each target",
  });
}
