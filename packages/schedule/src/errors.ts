import type { Diagnostic, Span } from "@tilewright/diagnostics";

type Parts = Pick<Diagnostic, "message" | "span"> & Partial<Pick<Diagnostic, "expected" | "actual" | "hint" | "notes">>;
export const error =
  (code: string) =>
  (parts: Parts): Diagnostic => ({ code, severity: "error", ...parts });

/** SCH101: a split factor, a number of parts or a tile size that is no positive integer. */
export const badFactor = (name: string, what: string, value: unknown, span: Span): Diagnostic =>
  error("SCH101")({
    message: `cannot split \`${name}\` with ${what} ${String(value)}`,
    span,
    expected: `an integer ${what} of at least 1`,
    actual: String(value),
    hint: `a ${what} of 1 keeps the loop as it is`,
  });

/** SCH102: `tail: "exact"` with a factor that does not divide. */
export const inexactSplit = (name: string, extent: number, factor: number, span: Span): Diagnostic =>
  error("SCH102")({
    message: `cannot split \`${name}\` exactly`,
    span,
    expected: `a factor that divides ${extent}`,
    actual: `${factor} (remainder ${extent % factor})`,
    hint: `use tail: "guard", or one of: ${divisors(extent).join(", ")}`,
  });

/** SCH103: the tensor has no stage in this schedule. */
export const unknownStage = (name: string, known: readonly string[], span: Span): Diagnostic =>
  error("SCH103")({
    message: `\`${name}\` is not a stage of this schedule`,
    span,
    expected: `one of: ${known.join(", ")}`,
    actual: name,
    hint: "pass a tensor that the outputs of createSchedule depend on",
  });

/** SCH104: the axis is no loop of the stage, because it belongs to another, was split or fused, or never existed. */
export const unknownAxis = (
  axis: string,
  stage: string,
  leaves: readonly string[],
  why: string,
  span: Span,
): Diagnostic =>
  error("SCH104")({
    message: `\`${axis}\` is not a loop of \`${stage}\``,
    span,
    expected: leaves.length === 0 ? "a stage that has loops" : `one of: ${leaves.join(", ")}`,
    actual: why,
    hint: "axesOf(schedule, tensor) lists the loops of a stage",
  });

/** SCH105: axes to be fused that do not follow each other, outer first. */
export const notAdjacent = (outer: string, inner: string, order: readonly string[], span: Span): Diagnostic =>
  error("SCH105")({
    message: `cannot fuse \`${outer}\` with \`${inner}\``,
    span,
    expected: "two loops of which the second stands directly inside the first",
    actual: `the order ${order.join(", ")}`,
    hint: "reorder them first",
  });

/** SCH105: fewer loops than a fuse needs. */
export const tooFewAxes = (count: number, span: Span): Diagnostic =>
  error("SCH105")({
    message: `cannot fuse ${count} ${count === 1 ? "loop" : "loops"}`,
    span,
    expected: "at least two loops, the outer one first",
    actual: String(count),
  });

/** SCH106: a data axis was to be fused with a reduction axis, or one of a recurrence with any. */
export const mixedFuse = (outer: string, inner: string, span: Span): Diagnostic =>
  error("SCH106")({
    message: `cannot fuse \`${outer}\` with \`${inner}\``,
    span,
    expected: "data axes alone or reduction axes alone",
    actual: "axes of two kinds, or of a recurrence: the fused loop could neither be initialised nor run in parallel",
  });

/** SCH107: an axis is named twice in one reorder or tile. */
export const repeatedAxis = (axis: string, span: Span): Diagnostic =>
  error("SCH107")({
    message: `\`${axis}\` is named twice`,
    span,
    expected: "each loop once",
    actual: `\`${axis}\` twice`,
    hint: "drop one",
  });

/** SCH108: `parallel`, `vectorize` or a thread on an axis whose iterations depend on each other. */
export const notDataParallel = (primitive: string, axis: string, iterKind: string, span: Span): Diagnostic => {
  const what = iterKind === "reduce" ? "reduction axis" : "axis of a recurrence";
  return error("SCH108")({
    message: `cannot ${primitive} the ${what} \`${axis}\``,
    span,
    expected: "a data axis, whose iterations write different elements",
    actual:
      iterKind === "reduce"
        ? `\`${axis}\` adds to the same elements in every iteration`
        : `each iteration of \`${axis}\` reads what earlier ones wrote`,
    hint:
      iterKind === "reduce"
        ? `${primitive} a data axis; or split the reduction, rfactor the outer part, and ${primitive} that`
        : `${primitive} a data axis inside`,
  });
};

/** SCH109: a loop that is vectorized, unrolled, parallel or bound already. */
export const alreadyMarked = (axis: string, mark: string, span: Span): Diagnostic =>
  error("SCH109")({
    message: `\`${axis}\` is ${mark} already`,
    span,
    expected: "a serial loop",
    actual: `a loop marked ${mark}`,
    hint: "split, fuse and reorder first, mark loops last",
  });

/** SCH110: where a stage may not be moved, because the caller owns it or it is no computation. */
export const notMovable = (primitive: string, stage: string, why: string, span: Span): Diagnostic =>
  error("SCH110")({
    message: `cannot ${primitive} \`${stage}\``,
    span,
    expected: "an intermediate computation",
    actual: why,
  });

/** SCH111: computeAt under a stage that does not read the producer. */
export const notAConsumer = (
  producer: string,
  consumer: string,
  consumers: readonly string[],
  span: Span,
): Diagnostic =>
  error("SCH111")({
    message: `\`${consumer}\` does not read \`${producer}\``,
    span,
    expected: consumers.length === 0 ? "a stage with consumers" : `a loop of ${consumers.join(" or ")}`,
    actual: `a loop of ${consumer}`,
    hint: "compute a stage inside a loop that surrounds all its readers, the readers first",
  });

/** SCH112: a reader of a stage stands outside the loop in which the stage is computed. */
export const readerOutside = (producer: string, reader: string, place: string, nest: string, span: Span): Diagnostic =>
  error("SCH112")({
    message: `\`${reader}\` reads \`${producer}\` outside the loop where it is computed`,
    span,
    expected: `every reader of \`${producer}\` inside ${place}`,
    actual: `\`${reader}\` stands elsewhere`,
    hint: `first computeAt(\`${reader}\`) into the same loop, or computeRoot(\`${producer}\`)`,
    notes: [nest],
  });

/** SCH113: cacheRead names a reader that does not read, or none is left. */
export const noReader = (tensor: string, reader: string, readers: readonly string[], span: Span): Diagnostic =>
  error("SCH113")({
    message: `\`${reader}\` does not read \`${tensor}\``,
    span,
    expected: readers.length === 0 ? "a tensor that is read" : `one of: ${readers.join(", ")}`,
    actual: reader,
  });

/** SCH114: a primitive that must come before loops are changed. */
export const tooLate = (primitive: string, stage: string, span: Span): Diagnostic =>
  error("SCH114")({
    message: `cannot ${primitive} \`${stage}\` now`,
    span,
    expected: "a stage whose loops are as it was created",
    actual: "its loops were split, fused, reordered or marked",
    hint: `call ${primitive} first`,
  });

/** SCH115: a layout that is no one-to-one map. */
export const badLayout = (stage: string, why: string, span: Span): Diagnostic =>
  error("SCH115")({
    message: `the layout of \`${stage}\` is not invertible`,
    span,
    expected:
      "digits that name every dimension completely, as [{dimension: 1, divisor: 8}, {dimension: 0}, {dimension: 1, modulus: 8}]",
    actual: why,
  });

/** SCH116: a tail strategy that would change the result. */
export const illegalTail = (axis: string, tail: string, why: string, span: Span): Diagnostic =>
  error("SCH116")({
    message: `cannot use tail "${tail}" on \`${axis}\``,
    span,
    expected: "a tail strategy that computes the same",
    actual: why,
    hint: 'use tail: "guard"',
  });

/** SCH117: one thread index bound twice in a stage. */
export const boundTwice = (thread: string, axis: string, other: string, span: Span): Diagnostic =>
  error("SCH117")({
    message: `cannot bind \`${axis}\` to ${thread}`,
    span,
    expected: "each thread index at most once in a stage",
    actual: `${thread} is bound to \`${other}\``,
    hint: "fuse the two loops, or bind another index",
  });

/** SCH118: a stage computed inside a vectorized loop. */
export const insideVector = (producer: string, axis: string, span: Span): Diagnostic =>
  error("SCH118")({
    message: `cannot compute \`${producer}\` inside the vectorized loop \`${axis}\``,
    span,
    expected: "a loop that is not vectorized",
    actual: `\`${axis}\` becomes the lanes of one statement`,
    hint: "compute it one loop further out",
  });

/** SCH119: a shape that is not constant, or an operation that cannot be scheduled. */
export const unsupported = (what: string, expected: string, span: Span): Diagnostic =>
  error("SCH119")({ message: `cannot schedule ${what}`, span, expected, actual: what });

/** SCH120: a record of a trace that does not apply. */
export const badRecord = (step: number, primitive: string, why: string, span: Span): Diagnostic =>
  error("SCH120")({
    message: `step ${step} of the trace, \`${primitive}\`, does not apply`,
    span,
    expected: "a trace made for this computation",
    actual: why,
  });

/** SCH121: an output or parameter list that does not fit the schedule. */
export const badParameters = (actual: string, expected: string, span: Span): Diagnostic =>
  error("SCH121")({ message: "the parameters do not fit the schedule", span, expected, actual });

/** SCH122: a memory scope or stage form that the loops around it do not allow. */
export const badScope = (stage: string, why: string, span: Span): Diagnostic =>
  error("SCH122")({
    message: `cannot place \`${stage}\``,
    span,
    expected: "memory that every reader can reach",
    actual: why,
  });

/** SCH123: an output that may not take the memory of an input. */
export const illegalAlias = (output: string, input: string, why: string, span: Span): Diagnostic =>
  error("SCH123")({
    message: `\`${output}\` may not take the memory of \`${input}\``,
    span,
    expected: "an output that writes each element once, when every read of that element of the input is done",
    actual: why,
    hint: "leave the pair out of mayAlias",
  });

/** SCH124: a thread index that does not exist. */
export const unknownThread = (thread: string, threads: readonly string[], span: Span): Diagnostic =>
  error("SCH124")({
    message: `there is no thread index \`${thread}\``,
    span,
    expected: `one of: ${threads.join(", ")}`,
    actual: thread,
  });

/** SCH125: two loops with a stage computed between them. */
export const computedBetween = (outer: string, inner: string, stage: string, span: Span): Diagnostic =>
  error("SCH125")({
    message: `cannot fuse \`${outer}\` with \`${inner}\``,
    span,
    expected: "two loops with nothing between them",
    actual: `\`${stage}\` is computed in \`${outer}\`, before \`${inner}\``,
    hint: `computeAt(\`${stage}\`) into \`${inner}\` or a loop outside \`${outer}\` first`,
  });

/** SCH126: a primitive for reductions on a stage that is none. */
export const notAReduction = (primitive: string, stage: string, span: Span): Diagnostic =>
  error("SCH126")({
    message: `cannot ${primitive} \`${stage}\``,
    span,
    expected: "a stage with a reduction loop",
    actual: `\`${stage}\` reduces over nothing`,
  });

/** SCH127: sums that would be set back in mid-reduction. */
export const startsTooLate = (axis: string, reduction: string, span: Span): Diagnostic =>
  error("SCH127")({
    message: `cannot initialise before \`${axis}\``,
    span,
    expected: `\`${reduction}\` or a loop around it`,
    actual: `\`${axis}\` runs inside \`${reduction}\`, whose later iterations would start anew`,
    hint: `reorder \`${reduction}\` inwards first`,
  });

/** SCH128: a scan whose step would read what is not yet computed. */
export const brokenRecurrence = (scan: string, why: string, picture: string, span: Span): Diagnostic =>
  error("SCH128")({
    message: `the recurrence \`${scan}\` would be broken`,
    span,
    expected: "every time computed after those that it reads",
    actual: why,
    hint: "loops over time stay in order; put data loops inside them",
    notes: [picture],
  });

/** SCH129: a stage that reads the state of a scan where it is not there yet. */
export const stepOutside = (stage: string, scan: string, loops: string, picture: string, span: Span): Diagnostic =>
  error("SCH129")({
    message: `\`${stage}\` belongs to the step of \`${scan}\` and would be computed outside of it`,
    span,
    expected: `a place inside ${loops} of \`${scan}\``,
    actual: "a place where the state it reads is not computed yet",
    hint: `computeAt(\`${stage}\`) into the innermost of those loops, or one inside it`,
    notes: [picture],
  });

function divisors(value: number): number[] {
  const found: number[] = [];
  for (let candidate = 1; candidate <= value && found.length < 12; candidate++)
    if (value % candidate === 0) found.push(candidate);
  return found;
}
