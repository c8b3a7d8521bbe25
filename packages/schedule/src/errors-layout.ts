import type { Diagnostic, Span } from "@tilewright/diagnostics";
import { error } from "./errors.js";

/** SCH140: an alignment of no dimension that has a stride to choose. */
export const badAlignedDimension = (stage: string, dimension: unknown, rank: number, span: Span): Diagnostic =>
  error("SCH140")({
    message: `cannot align dimension ${String(dimension)} of \`${stage}\``,
    span,
    expected: rank < 2 ? "memory of two or more dimensions" : `a dimension of its memory from 0 to ${rank - 2}`,
    actual: dimension === rank - 1 ? "the innermost dimension, whose elements are neighbours" : String(dimension),
    hint: "align the dimension outside the one whose rows should begin at a boundary",
  });

/** SCH141: an alignment that no stride has. */
export const badAlignment = (stage: string, factor: unknown, offset: unknown, span: Span): Diagnostic =>
  error("SCH141")({
    message: `cannot align \`${stage}\` to ${String(offset)} modulo ${String(factor)}`,
    span,
    expected: "an integer factor from 1 to 65536 and an integer offset from 0 to below the factor",
    actual: `factor ${String(factor)}, offset ${String(offset)}`,
  });

/** SCH142: dimensions of the memory would change after strides were chosen for them. */
export const alignedAlready = (stage: string, dimensions: readonly number[], span: Span): Diagnostic =>
  error("SCH142")({
    message: `cannot change the layout of \`${stage}\` now`,
    span,
    expected: "a stage whose memory has no alignment",
    actual: `storageAlign chose the stride of dimension ${dimensions.join(", ")}`,
    hint: "call transformLayout first, and align the dimensions that it makes",
  });

/** SCH143: a padding value that the stage cannot hold. */
export const badPadValue = (stage: string, dtype: string, value: unknown, span: Span): Diagnostic =>
  error("SCH143")({
    message: `cannot pad \`${stage}\` with ${String(value)}`,
    span,
    expected: `a value of ${dtype}`,
    actual: `${typeof value} ${String(value)}`,
  });

/** SCH144: a hint that lowering does not know. */
export const badHints = (axis: string, partition: unknown, known: readonly string[], span: Span): Diagnostic =>
  error("SCH144")({
    message: `cannot annotate \`${axis}\``,
    span,
    expected: `partition as one of: ${known.join(", ")}`,
    actual: `partition ${String(partition)}`,
  });

/** SCH145: a decision that a sampling instruction could not have made. */
export const badDecision = (what: string, expected: string, decision: unknown, span: Span): Diagnostic =>
  error("SCH145")({
    message: `no legal decision for ${what}`,
    span,
    expected,
    actual: typeof decision === "bigint" ? `${decision}n` : (JSON.stringify(decision) ?? String(decision)),
    hint: "replay(outputs, trace, { resample: choose }) decides anew where a decision does not fit",
  });

/** SCH146: a value that no sampling instruction of this schedule gave. */
export const unknownSample = (name: unknown, index: unknown, known: readonly string[], span: Span): Diagnostic =>
  error("SCH146")({
    message: `\`${String(name)}[${String(index)}]\` was not sampled in this schedule`,
    span,
    expected:
      known.length === 0 ? "a call of samplePerfectTile or sampleCategorical before" : `a value of ${known.join(", ")}`,
    actual: `${String(name)}[${String(index)}]`,
  });

/** SCH147: a chooser that chose nothing. */
export const badChoice = (choice: unknown, count: number, span: Span): Diagnostic =>
  error("SCH147")({
    message: "the chooser chose none of what it was given",
    span,
    expected: `an integer from 0 to ${count - 1}`,
    actual: String(choice),
  });

/** SCH148: a read of an element that would not be computed. */
export const readsSkipped = (stage: string, reader: string, read: string, condition: string, span: Span): Diagnostic =>
  error("SCH148")({
    message: `\`${reader}\` may read elements of \`${stage}\` that are not computed`,
    span,
    expected: `reads of \`${stage}\` that are certainly inside: under a \`where\` or an \`ifThenElse\` that implies the condition`,
    actual: `the read ${read}, for which ${condition} is not known to hold`,
    hint: "state the condition where the stage is read, or leave the predicate out",
  });

/** SCH149: a predicate that is no condition on the indices of a stage. */
export const badPredicate = (stage: string, why: string, span: Span): Diagnostic =>
  error("SCH149")({
    message: `cannot skip elements of \`${stage}\` by this condition`,
    span,
    expected:
      "a condition on the stage's indices: comparisons of sums, products, floor divisions and remainders by positive constants; and, or, not",
    actual: why,
  });
