import type { Diagnostic, Span } from "@tilewright/diagnostics";

const error = (code: string, span: Span, message: string, more: Partial<Diagnostic>): Diagnostic => ({
  code,
  severity: "error",
  message,
  span,
  ...more,
});

/** AD101: the gradient would have to flow through an operator that has none. */
export function notDifferentiable(node: string, operator: string, span: Span): Diagnostic {
  return error("AD101", span, `the node \`${node}\` is not differentiable`, {
    expected: "an operator with a gradient rule",
    actual: `\`${operator}\`, which has none`,
    hint: "give the operator a `gradient`, or do not differentiate with respect to what it reads",
  });
}

/** AD102: a value that the graph does not hold. */
export function foreignValue(name: string, role: string, span: Span): Diagnostic {
  return error("AD102", span, `\`${name}\` is not in the graph`, {
    expected: `${role} that is an input, a state, a constant or a node's output of this graph`,
    actual: `\`${name}\``,
    hint: "take the value from the builder or the model that is differentiated",
  });
}

/** AD103: only floats have gradients. */
export function notAFloat(name: string, role: string, dtype: string, span: Span): Diagnostic {
  return error("AD103", span, `\`${name}\` has no gradient`, {
    expected: `${role} of a float type`,
    actual: dtype,
    hint: "cast it to float32 before it is used",
  });
}

/** AD104: a start of the wrong type. */
export function badSeed(name: string, expected: string, actual: string, span: Span): Diagnostic {
  return error("AD104", span, `the seed \`${name}\` does not fit`, {
    expected,
    actual,
    hint: "give a seed of the type of `of`, or none for ones",
  });
}
