import type { Diagnostic, Span } from "@tilewright/diagnostics";
import { error } from "./errors.js";

/** SCH150: something would come between the loops of a unit. */
export const brokenUnit = (stage: string, loops: readonly string[], why: string, span: Span): Diagnostic =>
  error("SCH150")({
    message: `the loops ${loops.map((loop) => `\`${loop}\``).join(", ")} of \`${stage}\` are one unit`,
    span,
    expected: "its loops as they were when they became one, the innermost ones of the stage",
    actual: why,
    hint: "call blockize or tensorize after the primitives that shape the loops inside",
  });

/** SCH151: a mark on a loop that an intrinsic replaces, or lanes around one. */
export const markedUnit = (stage: string, axis: string, mark: string, inside: boolean, span: Span): Diagnostic =>
  error("SCH151")({
    message: inside
      ? `\`${axis}\` of \`${stage}\` is ${mark}, and an intrinsic would take its place`
      : `\`${axis}\` of \`${stage}\` is ${mark}, and an intrinsic has no lanes of its own to give`,
    span,
    expected: inside ? "serial loops from the tensorized loop inwards" : "no vectorized loop around an intrinsic",
    actual: `\`${axis}\`: ${mark}`,
    hint: inside ? "the template of the intrinsic decides how it runs: leave the mark out" : "mark another loop",
  });

/** SCH152: the nest is not what the intrinsic computes. */
export const noMatch = (
  stage: string,
  intrinsic: string,
  why: string,
  expected: string,
  actual: string,
  picture: string,
  span: Span,
): Diagnostic =>
  error("SCH152")({
    message: `the nest of \`${stage}\` is not what \`${intrinsic}\` computes: ${why}`,
    span,
    expected,
    actual,
    notes: [picture],
  });

/** SCH153: what is given as an intrinsic is none. */
export const badIntrinsic = (name: string, why: string, span: Span): Diagnostic =>
  error("SCH153")({
    message: `\`${name}\` is no intrinsic that a nest can match: ${why}`,
    span,
    expected: "a name, and a function of buffers with constant dense shapes that touches every element of them",
    actual: why,
    hint: "tensorIntrinsic(name, output) makes one from a tensor expression",
  });

/** SCH154: a guard that is not the same for the whole nest. */
export const guardedInside = (stage: string, intrinsic: string, condition: string, span: Span): Diagnostic =>
  error("SCH154")({
    message: `\`${intrinsic}\` computes a whole tile, and the nest of \`${stage}\` is guarded inside`,
    span,
    expected: "no guard that depends on a loop which the intrinsic replaces",
    actual: `if ${condition}`,
    hint: 'split with a factor that divides (tail: "exact"), with tail: "roundUp" where the stage has storage of its own, or pad the tensor first',
  });

/** SCH155: an operand that does not begin where the intrinsic needs it. */
export const misaligned = (
  intrinsic: string,
  parameter: string,
  bytes: number,
  actual: string,
  span: Span,
): Diagnostic =>
  error("SCH155")({
    message: `\`${intrinsic}\` wants \`${parameter}\` aligned to ${bytes} bytes`,
    span,
    expected: `a region that always starts at a multiple of ${bytes} bytes`,
    actual,
    hint: "pack the operand with cacheRead and transformLayout, or declare the intrinsic with a smaller alignment",
  });

/** SCH156: a name that stands for no intrinsic, or for two. */
export const unknownIntrinsic = (name: string, why: string, known: readonly string[], span: Span): Diagnostic =>
  error("SCH156")({
    message: `\`${name}\` ${why}`,
    span,
    expected: known.length === 0 ? "an intrinsic of that name" : `one of: ${known.join(", ")}`,
    actual: name,
    hint: "replay(outputs, trace, { intrinsics }) is told what the names of a trace mean",
  });
