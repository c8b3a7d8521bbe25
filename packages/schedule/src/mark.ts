import { CompileError, type Span } from "@tilewright/diagnostics";
import { type LoopKind, THREAD_TAGS, type ThreadTag } from "@tilewright/ir";
import { alreadyMarked, boundTwice, notDataParallel, unknownThread, unsupported } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { placeOf } from "./place.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, TensorLike } from "./schedule.js";

/**
 * The loop becomes the lanes of vector statements. A tail that does not divide keeps its vector form in the middle.
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109
 */
export function vectorize(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, "vectorize", "vectorized", placeOf(schedule, vectorize));
}

/**
 * The loop becomes as many copies of its body.
 * @throws CompileError SCH103 · SCH104 · SCH109
 */
export function unroll(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, "unroll", "unrolled", placeOf(schedule, unroll));
}

/**
 * Iterations may run at once, on a pool of threads.
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109
 */
export function parallel(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, "parallel", "parallel", placeOf(schedule, parallel));
}

/**
 * The loop becomes a dimension of a launch: `blockIdx.x`, `threadIdx.x`, …
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109 · SCH117 the thread is bound in this stage
 */
export function bind(schedule: Schedule, tensor: TensorLike, axis: AxisLike, thread: ThreadTag): void {
  mark(schedule, tensor, axis, "bind", "thread", placeOf(schedule, bind), thread);
}

const PARALLEL_KINDS: ReadonlySet<LoopKind> = new Set(["vectorized", "parallel", "thread"]);

function mark(
  schedule: Schedule,
  tensor: TensorLike,
  axis: AxisLike,
  primitive: string,
  loopKind: LoopKind,
  span: Span,
  thread: ThreadTag | null = null,
): void {
  const stage = stageOf(schedule, tensor, span);
  const leaf = leafOf(schedule, stage, axis, span);
  const before = stage.marks.get(leaf);
  if (before !== undefined) throw new CompileError(alreadyMarked(leaf.name, before.loopKind, span));
  if (PARALLEL_KINDS.has(loopKind) && leaf.iterKind === "reduce")
    throw new CompileError(notDataParallel(primitive, leaf.name, span));
  if (leaf.iterKind === "opaque")
    throw new CompileError(unsupported(`an opaque axis, \`${leaf.name}\``, "a data or reduction axis", span));
  if (loopKind === "thread" && !THREAD_TAGS.includes(thread as ThreadTag))
    throw new CompileError(unknownThread(String(thread), THREAD_TAGS, span));
  if (thread !== null) {
    for (const [other, { thread: bound }] of stage.marks)
      if (bound === thread) throw new CompileError(boundTwice(thread, leaf.name, other.name, span));
  }
  stage.marks = new Map([...stage.marks, [leaf, { loopKind, thread }]]);
  record(schedule, primitive, stage, { axis: leaf.name, ...(thread === null ? {} : { thread }) });
}
