import { CompileError, type Span } from "@tilewright/diagnostics";
import type { Expr, IterVar, Tensor, ThreadTag } from "@tilewright/ir";
import { checkCooperative } from "./cooperative.js";
import { drawNest } from "./draw-nest.js";
import { badScope, boundTwice, insideVector, readerOutside, unknownAxis } from "./errors.js";
import { inputsOf, tensorsRead } from "./lookup.js";
import type { Schedule, Stage } from "./schedule.js";

/** A loop of a stage. */
interface Place {
  readonly stage: Stage;
  readonly axis: IterVar;
}

/**
 * Rule: a stage that is computed in a loop is read in that loop alone, and its start values are read before the loops of the reduction
 * that takes them; no loop around it is vectorized; no threads share the memory that each of them would write.
 *
 * @throws CompileError SCH104 the loop is gone · SCH112 a reader outside the loop · SCH117 a thread is bound around the stage too · SCH118 · SCH122
 */
export function checkPlaces(schedule: Schedule, span: Span): void {
  const attached = schedule.stages.filter((stage) => stage.attachment.kind === "at");
  if (attached.length === 0) return;
  const readers = readersByStage(schedule);
  for (const stage of attached) {
    const around = enclosingPlaces(stage, span);
    checkCooperative(stage, around, span);
    for (const place of around) {
      if (place.stage.marks.get(place.axis)?.loopKind === "vectorized")
        throw new CompileError(insideVector(stage.name, place.axis.name, span));
      checkOwnMemory(stage, place, span);
      checkOwnThreads(stage, place, span);
    }
    for (const [reader, depth] of readers.get(stage) ?? []) checkInside(schedule, stage, reader, depth, span);
  }
}

/** Loops around a stage, outermost first, its own not among them. @throws CompileError SCH104 */
function enclosingPlaces(stage: Stage, span: Span): readonly Place[] {
  const { attachment } = stage;
  if (attachment.kind !== "at") return [];
  const depth = attachment.stage.leaves.indexOf(attachment.axis);
  if (depth < 0 || attachment.stage.attachment.kind === "inline") {
    const why = depth < 0 ? `\`${stage.name}\` is computed in it` : "the stage has no loops, it is computed inline";
    const leaves = attachment.stage.leaves.map((leaf) => leaf.name);
    throw new CompileError(unknownAxis(attachment.axis.name, attachment.stage.name, leaves, why, span));
  }
  const own = attachment.stage.leaves.slice(0, depth + 1).map((axis) => ({ stage: attachment.stage, axis }));
  return [...enclosingPlaces(attachment.stage, span), ...own];
}

/** Threads that share a stage's memory would all compute it: global memory spans blocks, shared memory the threads of a block. */
function checkOwnMemory(stage: Stage, { stage: owner, axis }: Place, span: Span): void {
  const thread = owner.marks.get(axis)?.thread ?? null;
  if (thread === null) return;
  const rank = { global: 0, shared: 1, warp: 2, local: 3 }[stage.scope as string] ?? 3;
  if (rank > (thread.startsWith("blockIdx") ? 0 : 1)) return;
  if (spreadsOver(stage, thread)) return;
  const why = `memory of scope ${stage.scope} is shared by the threads of \`${axis.name}\`, which would all compute it: compute it outside that loop, or in scope local`;
  throw new CompileError(badScope(stage.name, why, span));
}

/** Shared memory is filled by the threads together: `checkCooperative` says when. */
const spreadsOver = (stage: Stage, thread: ThreadTag): boolean =>
  stage.scope === "shared" &&
  thread.startsWith("threadIdx") &&
  stage.leaves.some((leaf) => stage.marks.get(leaf)?.thread === thread);

/** A thread runs its part of the loop around a stage; a loop of the stage cannot be spread over the same threads once more. */
function checkOwnThreads(stage: Stage, { stage: owner, axis }: Place, span: Span): void {
  const thread = owner.marks.get(axis)?.thread ?? null;
  if (thread === null || spreadsOver(stage, thread)) return;
  const again = stage.leaves.find((leaf) => stage.marks.get(leaf)?.thread === thread);
  if (again !== undefined) throw new CompileError(boundTwice(thread, again.name, axis.name, span));
}

function checkInside(schedule: Schedule, stage: Stage, reader: Stage, depth: number, span: Span): void {
  const own = reader.leaves.slice(0, depth);
  const around = [...enclosingPlaces(reader, span), ...own.map((axis) => ({ stage: reader, axis }))];
  const missing = enclosingPlaces(stage, span).find(({ stage: owner, axis }, depth) => {
    const place = around[depth];
    return place?.stage !== owner || place.axis !== axis;
  });
  if (missing === undefined) return;
  const where = `the loop \`${missing.axis.name}\` of \`${missing.stage.name}\``;
  const nests = [...new Set([drawNest(schedule, missing.stage, [missing.axis]), drawNest(schedule, reader, [])])];
  throw new CompileError(readerOutside(stage.name, reader.name, where, nests.join("\n"), span));
}

/** Loops that stand around both the initialisation of a stage and its reduction. */
export function loopsOfInitial(stage: Stage): number {
  const outermost = stage.leaves.findIndex((leaf) => leaf.iterKind === "reduce");
  const before = outermost < 0 ? stage.leaves.length : outermost;
  const chosen = stage.initialAt === null ? -1 : stage.leaves.indexOf(stage.initialAt);
  return chosen < 0 ? before : Math.min(before, chosen);
}

/**
 * The stages that read each stage, inside how many of their own loops they do at least: start values of reductions and of scans are read
 * further out. Inlined stages stand for what they read.
 */
export function readersByStage(schedule: Schedule): ReadonlyMap<Stage, ReadonlyMap<Stage, number>> {
  const owner = new Map(schedule.stages.flatMap((stage) => stage.tensors.map((tensor) => [tensor, stage] as const)));
  const found = new Map<Stage, Map<Stage, number>>(schedule.stages.map((stage) => [stage, new Map()]));
  const sources = new Map<Stage, ReadonlySet<Stage>>();
  const resolve = (tensors: readonly Tensor[]): ReadonlySet<Stage> => {
    const reached = new Set<Stage>();
    for (const tensor of tensors) {
      const source = owner.get(tensor);
      if (source === undefined) continue;
      if (source.attachment.kind !== "inline") reached.add(source);
      else for (const further of sources.get(source) ?? []) reached.add(further);
    }
    return reached;
  };
  for (const reader of schedule.stages) {
    sources.set(reader, resolve(inputsOf(reader)));
    if (reader.attachment.kind === "inline") continue;
    const initials = resolve(initialsOf(reader.bodies).flatMap((initial) => tensorsRead(initial)));
    const first = resolve(reader.operation.kind === "Scan" ? reader.operation.initial : []);
    for (const source of sources.get(reader) ?? []) {
      const depth = first.has(source) ? 0 : initials.has(source) ? loopsOfInitial(reader) : reader.leaves.length;
      found.get(source)?.set(reader, depth);
    }
  }
  return found;
}

function initialsOf(bodies: readonly Expr[]): readonly Expr[] {
  return bodies.flatMap((body) => (body.kind === "Reduce" ? (body.initial ?? []) : []));
}
