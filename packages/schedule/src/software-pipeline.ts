import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { badPipeline, nothingToOverlap } from "./errors-pipeline.js";
import { leafOf, stageOf } from "./lookup.js";
import { statementsOf } from "./pipeline.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Pipeline, Schedule, Stage, TensorLike } from "./schedule.js";

export interface PipelineOptions {
  /**
   * How many iterations each statement of the loop is behind, by name: the stages computed directly in the loop, and the rest of its
   * body by the name of the loop's own stage, which comes one later than all others unless told.
   */
  readonly stages: { readonly [name: string]: number };
  /** The statements of one iteration in order; producers first unless told. */
  readonly order?: readonly string[];
}

/**
 *     for v in 0..n { P(v); S(v) }   →   for v in 0..n + 1 { if v < n { P(v) }; if v ≥ 1 { S(v − 1) } }
 *
 * Iterations of a loop overlap: in step `t` the statement with number `k` does the work of iteration `t − k`, so that what it reads was
 * computed `k` steps ago and what comes next is on its way. A stage that is read later keeps as many versions of its memory as
 * that takes. A reader in front of its producer in `order` frees a version. Calling it again for a loop replaces the pipeline.
 * (TensorIR: software_pipeline_stage and software_pipeline_order.)
 *
 * @throws CompileError SCH103 · SCH104 · SCH160 no number for each stage · SCH161 nothing is computed in the loop · SCH162 a value is read
 *   before it is computed · SCH163 a parallel, vectorized or thread loop
 */
export function softwarePipeline(
  schedule: Schedule,
  tensor: TensorLike,
  axis: AxisLike,
  options: PipelineOptions,
): void {
  primitive(schedule, softwarePipeline, { tensor, axes: [axis] }, (span) => {
    const owner = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, owner, axis, span);
    const statements = statementsOf(schedule, owner, leaf);
    if (statements.length === 1) throw new CompileError(nothingToOverlap(leaf.name, owner.name, span));
    const pipeline = checkedPipeline(leaf, statements, options, span);
    setPipeline(owner, leaf, pipeline);
    const stages = Object.fromEntries([...pipeline.numbers].map(([stage, number]) => [stage.name, number]));
    const order = pipeline.order.map(({ name }) => name);
    record(schedule, "softwarePipeline", owner, { axis: leaf.name, stages, order });
  });
}

export function setPipeline(owner: Stage, axis: IterVar, pipeline: Pipeline): void {
  owner.pipelines = new Map([...owner.pipelines, [axis, pipeline]]);
}

/** @throws CompileError SCH160 */
function checkedPipeline(
  axis: IterVar,
  statements: readonly Stage[],
  options: Partial<PipelineOptions> | undefined,
  span: Span,
): Pipeline {
  const names = statements.map(({ name }) => name);
  const refuse = (why: string): never => {
    throw new CompileError(badPipeline(axis.name, names, why, span));
  };
  const given: unknown = options?.stages;
  if (typeof given !== "object" || given === null) return refuse("no numbers");
  const told = new Map<string, unknown>(Object.entries(given));
  for (const [name, number] of told) {
    if (!names.includes(name)) refuse(`\`${name}\`, which is not computed directly in the loop`);
    if (!Number.isSafeInteger(number) || Number(number) < 0) refuse(`${String(number)} for \`${name}\``);
    if (Number(number) > LATEST) refuse(`${String(number)} for \`${name}\`: more than ${LATEST} iterations in flight`);
  }
  const rest = names.at(-1) as string;
  if (!told.has(rest)) told.set(rest, 1 + Math.max(-1, ...[...told.values()].map(Number)));
  for (const name of names) if (!told.has(name)) refuse(`no number for \`${name}\``);
  const order: unknown = options?.order ?? names;
  if (!Array.isArray(order) || order.length !== names.length || !names.every((name) => order.includes(name)))
    return refuse(`the order ${String(order)}`);
  const byName = (name: unknown): Stage => statements[names.indexOf(String(name))] as Stage;
  return {
    numbers: new Map(statements.map((stage) => [stage, Number(told.get(stage.name))])),
    order: order.map(byName),
  };
}

/** More iterations in flight than any memory system has use for; each takes memory. */
const LATEST = 1024;
