import type { Diagnostic, Span } from "@tilewright/diagnostics";

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
