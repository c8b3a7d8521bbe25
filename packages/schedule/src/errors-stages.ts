import type { Diagnostic, Span } from "@tilewright/diagnostics";
import { error } from "./errors.js";

/** SCH130: a fold that may not be regrouped, because a law fails or its order was promised. */
export const notRegroupable = (
  primitive: string,
  stage: string,
  expected: string,
  actual: string,
  span: Span,
): Diagnostic =>
  error("SCH130")({
    message: `cannot ${primitive} \`${stage}\`: the fold would give another result`,
    span,
    expected,
    actual,
  });

/** SCH131: stages computed in loops that the primitive takes away. */
export const computedInside = (
  primitive: string,
  stage: string,
  inside: string,
  axis: string,
  span: Span,
): Diagnostic =>
  error("SCH131")({
    message: `cannot ${primitive} \`${stage}\` while \`${inside}\` is computed in its loop \`${axis}\``,
    span,
    expected: `nothing computed in the loops that ${primitive} replaces`,
    actual: `\`${inside}\` in \`${axis}\``,
    hint: `call ${primitive} first, or computeRoot(\`${inside}\`)`,
  });

/** SCH132: an option or argument of a primitive that makes stages, outside of what there is. */
export const badChoice = (what: string, expected: string, actual: string, span: Span): Diagnostic =>
  error("SCH132")({ message: `there is no ${what}`, span, expected, actual });
