import type { Diagnostic, Span } from "@tilewright/diagnostics";
import { error } from "./errors.js";

const list = (names: readonly string[]): string => (names.length === 0 ? "(nothing)" : names.join(", "));

/** SCH160: a pipeline that names other stages than those of the loop, or gives something else than whole numbers. */
export const badPipeline = (axis: string, names: readonly string[], actual: string, span: Span): Diagnostic =>
  error("SCH160")({
    message: `\`${axis}\` cannot be pipelined so`,
    span,
    expected: `a whole number of at least 0 for each of ${list(names)}, and perhaps an order that names each once`,
    actual,
    hint: "the last of them is the rest of the loop; it may be left out of `stages` and then comes one later than all others",
  });

/** SCH161: a loop in which nothing is computed but its own stage. */
export const nothingToOverlap = (axis: string, stage: string, span: Span): Diagnostic =>
  error("SCH161")({
    message: `\`${axis}\` has nothing to overlap`,
    span,
    expected: `a loop of \`${stage}\` in which other stages are computed`,
    actual: "none is",
    hint: `computeAt a producer of \`${stage}\` into it first`,
  });

/** SCH162: a pipeline in which a value would be read before it is computed. */
export const readTooEarly = (axis: string, reader: string, source: string, why: string, span: Span): Diagnostic =>
  error("SCH162")({
    message: `\`${reader}\` would read \`${source}\` before it is computed`,
    span,
    expected: `in the pipeline of \`${axis}\`, \`${reader}\` in the same iteration as \`${source}\` and after it, or in a later one`,
    actual: why,
    hint: `give \`${reader}\` a larger number, or move it behind \`${source}\` in the order`,
  });

/** SCH162: a recurrence through a pipeline. */
export const readsState = (axis: string, reader: string, scan: string, why: string, span: Span): Diagnostic =>
  error("SCH162")({
    message: `\`${reader}\` would read \`${scan}\` before it is computed`,
    span,
    expected: `\`${reader}\`, which reads what earlier iterations of \`${axis}\` stored, in step with \`${scan}\``,
    actual: why,
    hint: "pipeline the stages that do not read the state",
  });

/** SCH163: iterations that must come in order, in a loop that does not keep one. */
export const notInOrder = (what: string, axis: string, mark: string, span: Span): Diagnostic =>
  error("SCH163")({
    message: `${what} needs the iterations of \`${axis}\` in order`,
    span,
    expected: "a serial or unrolled loop",
    actual: `a loop marked ${mark}`,
    hint: "mark a loop around it instead: each iteration there then has buffers of its own",
  });

/** SCH164: a pipelined loop that was split or fused. */
export const pipelineGone = (axis: string, stage: string, span: Span): Diagnostic =>
  error("SCH164")({
    message: `\`${axis}\` of \`${stage}\` is pipelined`,
    span,
    expected: "a pipelined loop to stay as it is",
    actual: `\`${axis}\` would be no loop any more`,
    hint: "split and fuse first, pipeline last",
  });

/** SCH165: a stage that came into a pipelined loop and has no number there. */
export const unnumbered = (axis: string, stage: string, span: Span): Diagnostic =>
  error("SCH165")({
    message: `\`${stage}\` has no place in the pipeline of \`${axis}\``,
    span,
    expected: "nothing new to be computed directly in a pipelined loop",
    actual: `\`${stage}\``,
    hint: `compute \`${stage}\` there first, then pipeline; or compute it in a loop inside or outside of \`${axis}\``,
  });

/** SCH166: a stage that is not computed in a loop. */
export const notInALoop = (primitive: string, stage: string, span: Span): Diagnostic =>
  error("SCH166")({
    message: `cannot ${primitive} \`${stage}\``,
    span,
    expected: "a stage that is computed in a loop of a reader",
    actual: `\`${stage}\` is not`,
    hint: "computeAt it first",
  });

/** SCH167: a dimension to roll along that the stage does not have. */
export const noDimension = (stage: string, dimension: unknown, count: number, span: Span): Diagnostic =>
  error("SCH167")({
    message: `cannot roll \`${stage}\` along dimension ${String(dimension)}`,
    span,
    expected: count === 0 ? "a stage with dimensions" : `a whole number from 0 to ${count - 1}`,
    actual: String(dimension),
  });

/** SCH168: a stage of which consecutive iterations do not need overlapping parts that move on evenly. */
export const noWindow = (stage: string, dimension: string, axis: string, why: string, span: Span): Diagnostic =>
  error("SCH168")({
    message: `cannot roll \`${stage}\` along \`${dimension}\``,
    span,
    expected: `parts of \`${stage}\` that overlap from one iteration of \`${axis}\` to the next, and move forward along \`${dimension}\` alone`,
    actual: why,
    hint: "computeAt the stage in the loop that walks along the dimension",
  });

/** SCH169: what stands in the way of keeping a part of a stage from one iteration to the next. */
export const cannotRoll = (stage: string, axis: string, why: string, hint: string, span: Span): Diagnostic =>
  error("SCH169")({
    message: `\`${stage}\` cannot be kept from one iteration of \`${axis}\` to the next`,
    span,
    expected: "a nest that can also run once before the loop, for what the first iteration finds computed",
    actual: why,
    hint,
  });
