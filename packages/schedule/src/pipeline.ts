import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { readersByStage } from "./check-places.js";
import { notInOrder, pipelineGone, readsState, readTooEarly, unnumbered } from "./errors-pipeline.js";
import type { Pipeline, Schedule, Stage } from "./schedule.js";

/**
 * A loop body is a list of statements: the stages computed directly in the loop, and the rest, which its own stage stands for. What is
 * computed deeper belongs to the statement that holds it.
 */
export function statementsOf(schedule: Schedule, owner: Stage, axis: IterVar): readonly Stage[] {
  return [...schedule.stages.filter((stage) => isComputedIn(stage, owner, axis)), owner];
}

export function isComputedIn({ attachment }: Stage, owner: Stage, axis: IterVar): boolean {
  return attachment.kind === "at" && attachment.stage === owner && attachment.axis === axis;
}

/** The statement that computes a stage; undefined outside of the loop. */
function statementWith(stage: Stage, owner: Stage, axis: IterVar): Stage | undefined {
  if (stage === owner) return owner;
  const { attachment } = stage;
  if (attachment.kind !== "at") return undefined;
  if (attachment.stage !== owner) return statementWith(attachment.stage, owner, axis);
  if (attachment.axis === axis) return stage;
  return owner.leaves.indexOf(attachment.axis) > owner.leaves.indexOf(axis) ? owner : undefined;
}

/** That a statement reads what another one computes. */
interface Dependence {
  readonly source: Stage;
  readonly reader: Stage;
}

export function dependencesIn(schedule: Schedule, owner: Stage, axis: IterVar): readonly Dependence[] {
  const found: Dependence[] = [];
  for (const [stage, readers] of readersByStage(schedule)) {
    const source = statementWith(stage, owner, axis);
    if (source === undefined) continue;
    for (const other of readers.keys()) {
      const reader = statementWith(other, owner, axis);
      if (reader === undefined || reader === source) continue;
      if (!found.some((known) => known.source === source && known.reader === reader)) found.push({ source, reader });
    }
  }
  return found;
}

/** How long the values of a stage that is computed in a loop are kept. */
export interface Lifetime {
  /** How many iterations' values there are at once. */
  readonly versions: number;
  /** Whether they are read in a later step of the loop than the one that computes them. */
  readonly lasts: boolean;
}

export function lifetimeOf(schedule: Schedule, stage: Stage): Lifetime {
  const { attachment } = stage;
  const pipeline = attachment.kind === "at" ? attachment.stage.pipelines.get(attachment.axis) : undefined;
  if (attachment.kind !== "at" || pipeline === undefined) return { versions: 1, lasts: false };
  const readers = dependencesIn(schedule, attachment.stage, attachment.axis)
    .filter(({ source }) => source === stage)
    .map(({ reader }) => reader);
  const needed = readers.map(
    (reader) => distance(pipeline, stage, reader) + (comesBefore(pipeline, stage, reader) ? 1 : 0),
  );
  const lasts = readers.some((reader) => distance(pipeline, stage, reader) > 0);
  return { versions: Math.max(1, ...needed), lasts };
}

/** By how many iterations a reader is behind. */
const distance = ({ numbers }: Pipeline, source: Stage, reader: Stage): number =>
  (numbers.get(reader) ?? 0) - (numbers.get(source) ?? 0);

const comesBefore = ({ order }: Pipeline, first: Stage, second: Stage): boolean =>
  order.indexOf(first) < order.indexOf(second);

/**
 * Rule: a pipelined loop runs in order; every stage computed in it has a number; a reader is behind what it reads, or comes after it
 * in the same iteration. What reads the state of a recurrence over the loop is in step with it.
 *
 * @throws CompileError SCH162 · SCH163 · SCH164 · SCH165
 */
export function checkPipelines(schedule: Schedule, span: Span): void {
  for (const owner of schedule.stages) {
    for (const [axis, pipeline] of owner.pipelines) checkPipeline(schedule, owner, axis, pipeline, span);
  }
}

function checkPipeline(schedule: Schedule, owner: Stage, axis: IterVar, pipeline: Pipeline, span: Span): void {
  if (!owner.leaves.includes(axis)) {
    const inside = ({ attachment }: Stage): boolean => attachment.kind === "at" && attachment.stage === owner;
    if (![...pipeline.numbers.keys()].some(inside)) return;
    throw new CompileError(pipelineGone(axis.name, owner.name, span));
  }
  const statements = statementsOf(schedule, owner, axis);
  if (statements.length === 1) return;
  checkSequential(owner, axis, "a pipeline", span);
  for (const stage of statements)
    if (!pipeline.numbers.has(stage)) throw new CompileError(unnumbered(axis.name, stage.name, span));
  for (const { source, reader } of dependencesIn(schedule, owner, axis)) {
    const behind = distance(pipeline, source, reader);
    const why = `\`${source.name}\` has number ${pipeline.numbers.get(source)}, \`${reader.name}\` ${pipeline.numbers.get(reader)}`;
    if (source === owner) {
      if (behind !== 0) throw new CompileError(readsState(axis.name, reader.name, source.name, why, span));
    } else if (behind < 0 || (behind === 0 && !comesBefore(pipeline, source, reader))) {
      throw new CompileError(readTooEarly(axis.name, reader.name, source.name, why, span));
    }
  }
}

/** @throws CompileError SCH163 */
export function checkSequential(owner: Stage, axis: IterVar, what: string, span: Span): void {
  const kind = owner.marks.get(axis)?.loopKind ?? "serial";
  if (kind !== "serial" && kind !== "unrolled") throw new CompileError(notInOrder(what, axis.name, kind, span));
}
