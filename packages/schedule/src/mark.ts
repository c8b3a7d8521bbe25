import { CompileError, type Span } from "@tilewright/diagnostics";
import { type IterVar, type LoopKind, THREAD_TAGS, type ThreadTag } from "@tilewright/ir";
import { alreadyMarked, boundTwice, notDataParallel, unknownThread } from "./errors.js";
import { leafOf, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/**
 * The loop becomes the lanes of vector statements. A tail that does not divide keeps its vector form in the middle.
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109
 */
export function vectorize(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, { name: "vectorize", above: vectorize }, "vectorized");
}

/**
 * The loop becomes as many copies of its body.
 * @throws CompileError SCH103 · SCH104 · SCH109
 */
export function unroll(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, { name: "unroll", above: unroll }, "unrolled");
}

/**
 * Iterations may run at once, on a pool of threads.
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109
 */
export function parallel(schedule: Schedule, tensor: TensorLike, axis: AxisLike): void {
  mark(schedule, tensor, axis, { name: "parallel", above: parallel }, "parallel");
}

/**
 * The loop becomes a dimension of a launch: `blockIdx.x`, `threadIdx.x`, …
 * @throws CompileError SCH103 · SCH104 · SCH108 a reduction axis · SCH109 · SCH117 the thread is bound in this stage
 */
export function bind(schedule: Schedule, tensor: TensorLike, axis: AxisLike, thread: ThreadTag): void {
  mark(schedule, tensor, axis, { name: "bind", above: bind }, "thread", thread);
}

const PARALLEL_KINDS: ReadonlySet<LoopKind> = new Set(["vectorized", "parallel", "thread"]);

function mark(
  schedule: Schedule,
  tensor: TensorLike,
  axis: AxisLike,
  { name, above }: { readonly name: string; readonly above: (...args: never[]) => unknown },
  loopKind: LoopKind,
  thread: ThreadTag | null = null,
): void {
  primitive(schedule, above, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    checkMark(stage, leaf, name, loopKind, thread, span);
    stage.marks = new Map([...stage.marks, [leaf, { loopKind, thread }]]);
    record(schedule, name, stage, { axis: leaf.name, ...(thread === null ? {} : { thread }) });
  });
}

function checkMark(
  stage: Stage,
  leaf: IterVar,
  name: string,
  loopKind: LoopKind,
  thread: ThreadTag | null,
  span: Span,
): void {
  const before = stage.marks.get(leaf);
  if (before !== undefined) throw new CompileError(alreadyMarked(leaf.name, before.loopKind, span));
  if (PARALLEL_KINDS.has(loopKind) && leaf.iterKind !== "data")
    throw new CompileError(notDataParallel(name, leaf.name, leaf.iterKind, span));
  if (loopKind === "thread" && !THREAD_TAGS.includes(thread as ThreadTag))
    throw new CompileError(unknownThread(String(thread), THREAD_TAGS, span));
  if (thread === null) return;
  for (const [other, { thread: bound }] of stage.marks)
    if (bound === thread) throw new CompileError(boundTwice(thread, leaf.name, other.name, span));
}
