import type { Diagnostic, Span } from "@tilewright/diagnostics";
import { NO_SPAN } from "@tilewright/diagnostics";

const error = (code: string, span: Span, message: string, more: Partial<Diagnostic> = {}): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...more,
});

const shapeText = (shape: readonly number[]): string => `(${shape.join(", ")})`;

/** OP101: a node names an operator that the set does not hold. */
export function unknownOperator(key: string, near: readonly string[], span: Span = NO_SPAN): Diagnostic {
  return error("OP101", span, `operator \`${key}\` is not in the operator set`, {
    expected: near.length > 0 ? `one of the set, as ${near.join(", ")}` : "an operator of the set",
    actual: key,
    hint: "add the operator to the set passed as `operators`",
  });
}

/** OP102: too few or too many inputs. */
export function wrongArity(operator: string, [min, max]: readonly [number, number], actual: number): Diagnostic {
  return error("OP102", NO_SPAN, `\`${operator}\` is given the wrong number of inputs`, {
    expected: min === max ? `${min}` : `${min} to ${max}`,
    actual: `${actual}`,
    hint: "see the operator's definition for its inputs",
  });
}

/** OP103: shapes that do not broadcast. */
export function notBroadcastable(operator: string, left: readonly number[], right: readonly number[]): Diagnostic {
  return error("OP103", NO_SPAN, `the shapes of \`${operator}\` do not broadcast`, {
    expected: "dimensions that are equal or 1, aligned at the last",
    actual: `${shapeText(left)} and ${shapeText(right)}`,
    hint: "reshape one of them",
  });
}

/** OP104: a shape does not fit the operator. */
export function wrongShape(operator: string, expected: string, ...shapes: readonly (readonly number[])[]): Diagnostic {
  return error("OP104", NO_SPAN, `the shapes do not fit \`${operator}\``, {
    expected,
    actual: shapes.map(shapeText).join(" and "),
    hint: "check the order of the inputs, or reshape or transpose them",
  });
}

/** OP105: an element type does not fit the operator. */
export function wrongDType(operator: string, expected: string, ...dtypes: readonly string[]): Diagnostic {
  return error("OP105", NO_SPAN, `the element types do not fit \`${operator}\``, {
    expected,
    actual: dtypes.join(" and "),
    hint: "insert a cast",
  });
}

/** OP106: an attribute is missing or has a value that makes no sense. */
export function wrongAttribute(name: string, expected: string, actual: string): Diagnostic {
  return error("OP106", NO_SPAN, `the attribute \`${name}\` does not fit`, {
    expected,
    actual,
    hint: `give \`${name}\` as expected`,
  });
}

/** OP107: a shape with a symbol where a number is needed. */
export function symbolicShape(name: string, span: Span): Diagnostic {
  return error("OP107", span, `the shape of \`${name}\` is not constant`, {
    expected: "dimensions that are integers ≥ 0",
    actual: "a symbolic dimension",
    hint: "specialise the graph's symbols before compiling",
  });
}

/** OP108: data that does not fill the tensor it is given for. */
export function wrongData(name: string, expected: string, actual: string): Diagnostic {
  return error("OP108", NO_SPAN, `the data of \`${name}\` does not fit its type`, {
    expected,
    actual,
    hint: "give one element for each place of the shape, in row-major order, in an array of the element type",
  });
}

/** OP108: an element that the element type does not hold. */
export function wrongElement(name: string, expected: string, actual: string): Diagnostic {
  return error("OP108", NO_SPAN, `\`${name}\` holds what its element type does not`, {
    expected,
    actual,
    hint: "give a value of the type, or cast the tensor beside it to a float first",
  });
}

/** OP109: a value that the builder did not make. */
export function foreignValue(name: string, expected: string, span: Span = NO_SPAN): Diagnostic {
  return error("OP109", span, `\`${name}\` is not ${expected} of this graph`, {
    expected: `${expected} made by this builder`,
    actual: `\`${name}\``,
    hint: "build the whole graph with one builder, or continue it with `graphBuilder(name, { from: model })`",
  });
}

/** OP110: a node reads a value that nothing before it defines. */
export function unboundValue(name: string, span: Span = NO_SPAN): Diagnostic {
  return error("OP110", span, `nothing defines \`${name}\` before it is read`, {
    expected: "nodes in topological order, inputs and constants listed",
    actual: `\`${name}\` read first`,
    hint: "sort the nodes, or add what is missing",
  });
}

/** OP111: a name, an element type or a shape that no value can have. */
export function wrongValue(name: string, expected: string, actual: string): Diagnostic {
  return error("OP111", NO_SPAN, `\`${name}\` cannot be a value`, {
    expected,
    actual,
    hint: "give a name, an element type such as `float32`, and a list of dimensions",
  });
}
