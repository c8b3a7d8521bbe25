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

/** SCH133: a read whose index cannot be turned around, to say which of the reader's loop runs along a producer's. */
export const notInvertible = (
  primitive: string,
  reader: string,
  producer: string,
  axis: string,
  dimension: number,
  actual: string,
  span: Span,
): Diagnostic =>
  error("SCH133")({
    message: `cannot ${primitive}: no loop of \`${reader}\` runs along \`${axis}\` of \`${producer}\``,
    span,
    expected: `reads of \`${producer}\` whose index ${dimension} is a data axis of \`${reader}\`, of its own, perhaps plus a constant`,
    actual,
    hint: `give \`${reader}\` loops by hand and computeAt(\`${producer}\`) into them`,
  });

/** SCH134: a consumer computed where its producer's sums are not complete. */
export const incompleteThere = (producer: string, axis: string, reduction: string, span: Span): Diagnostic =>
  error("SCH134")({
    message: `cannot compute a reader of \`${producer}\` in \`${axis}\``,
    span,
    expected: "a loop outside of every reduction loop",
    actual:
      axis === reduction
        ? `\`${axis}\` is a reduction loop: elements are complete after it`
        : `\`${axis}\` stands inside the reduction loop \`${reduction}\`, after which elements are complete`,
    hint: "reorder the reduction inwards first",
  });

/** SCH135: a stage that cannot be folded into what it reads. */
export const notFoldable = (reader: string, actual: string, span: Span): Diagnostic =>
  error("SCH135")({
    message: `cannot fold \`${reader}\` into its producer`,
    span,
    expected: "a pointwise stage that reads one computed stage, which nothing else reads, at a permutation of its axes",
    actual,
    hint: "computeInline the other producers first",
  });

/** SCH136: a stage that is no padding. */
export const notPadding = (stage: string, actual: string, span: Span): Diagnostic =>
  error("SCH136")({
    message: `cannot decompose \`${stage}\`: it is no padding`,
    span,
    expected: "one output, an ifThenElse whose condition is on the axes and whose other arm is a constant",
    actual,
  });

/** SCH137: a stage that pad does not know to pad. */
export const notPaddable = (stage: string, actual: string, span: Span): Diagnostic =>
  error("SCH137")({
    message: `cannot pad \`${stage}\``,
    span,
    expected: "a sum of products of reads, or a fold of one read, at the padded axes themselves",
    actual,
  });

/** SCH138: padding that would be added to the result. */
export const meaningfulPadding = (stage: string, axis: string, factors: string, span: Span): Diagnostic =>
  error("SCH138")({
    message: `cannot pad \`${stage}\` along \`${axis}\``,
    span,
    expected: `every factor to run along \`${axis}\`, so that zeros meet zeros beyond its end`,
    actual: `${factors} does not: its infinities and NaNs times zero would be NaN in the sum`,
    hint: `pad the other axes, or split \`${axis}\` with tail: "guard"`,
  });
