import type { Diagnostic, Span } from "@tilewright/diagnostics";

const error = (code: string, span: Span, message: string, more: Partial<Diagnostic>): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...more,
});

/** GR101: a value is read before anything defines it. */
export function undefinedValue(value: string, reader: string, span: Span): Diagnostic {
  return error("GR101", span, `${reader} reads \`${value}\`, which nothing before it defines`, {
    expected: "nodes in topological order, and every input, state and constant listed",
    actual: `\`${value}\` without a definition`,
    hint: "sort the nodes, or build the graph with `graphBuilder`",
  });
}

/** GR102: a value is defined twice. */
export function definedTwice(value: string, span: Span): Diagnostic {
  return error("GR102", span, `\`${value}\` is defined twice`, {
    expected: "one definition for each value",
    actual: "two",
    hint: "give the second definition a value of its own",
  });
}

/** GR103: the declared type of a value is not what its node gives. */
export function wrongType(value: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("GR103", span, `\`${value}\` does not have the type that its definition gives`, {
    expected,
    actual,
    hint: "declare the type that the operator infers",
  });
}

/** GR104: what this version does not compile. */
export function unsupported(what: string, expected: string, span: Span): Diagnostic {
  return error("GR104", span, `${what} cannot be compiled`, {
    expected,
    actual: what,
    hint: "rewrite the graph without it before compiling",
  });
}
