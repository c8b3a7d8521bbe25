import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  build, constant, type Expr, type IterVar, int, type Reduce, substitute, type Tensor, type Var,
} from "@tilewright/ir"; // biome-ignore format: a list
import { checkFolds } from "./check-folds.js";
import { computeStage, freshAxis, insertBefore, readOf, stageName } from "./compute-stage.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { declaredExtents } from "./draw-nest.js";
import { alreadyMarked, notAReduction } from "./errors.js";
import { badChoice, computedInside } from "./errors-stages.js";
import { foldsOf } from "./folds.js";
import { axisNames, leafOf, ownTensor, stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { extentIn, guardedSplits, leavesOf, valuesOf } from "./relations.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

export interface RfactorOptions {
  /** Which dimension of the partial results the loop becomes; 0, the outermost, unless told. */
  readonly position?: number;
}

/**
 *     for i { B[i] = 0; for ko { for ki { B[i] += A[i, ko, ki] } } }
 *     →   for ko { for i { B.rf[ko, i] = 0; for ki { B.rf[ko, i] += A[i, ko, ki] } } }; for i { B[i] = 0; for ko { B[i] += B.rf[ko, i] } }
 *
 * The reduction loop `axis` becomes a data axis of a new stage, which folds over the other reduction loops; `tensor` then folds over
 * `axis` alone, in the place of its outermost reduction loop. The partial results can run in parallel, be vectorized or bound to threads.
 * Ragged tails become the condition of the partial fold; start values stay with `tensor`. The laws of the combiner are checked on small
 * values: grouping and identity always, order only where `axis` is not the outermost reduction loop. TVM and TensorIR: rfactor, which
 * take the laws on trust; Halide: rfactor, for known operators.
 *
 * @returns the tensor of partial results, that of `tensor`'s output when there are several
 * @throws CompileError SCH103 · SCH104 · SCH109 a reduction loop is marked · SCH126 `axis` is no reduction loop · SCH130 the combiner breaks
 *   a law, or the fold is strict · SCH131 something is computed in a reduction loop · SCH132 a position outside of the partial results
 */
export function rfactor(schedule: Schedule, tensor: TensorLike, axis: AxisLike, options: RfactorOptions = {}): Tensor {
  return primitive(schedule, rfactor, { tensor, axes: [axis] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const leaf = leafOf(schedule, stage, axis, span);
    const position = options?.position ?? 0;
    if (!Number.isSafeInteger(position) || position < 0 || position > stage.axes.length) {
      const expected = `an integer from 0 to ${stage.axes.length}`;
      throw new CompileError(badChoice(`position ${position} in the partial results`, expected, `${position}`, span));
    }
    if (leaf.iterKind !== "reduce") throw new CompileError(notAReduction("rfactor", stage.name, span));
    checkLoops(schedule, stage, span);
    const reordered = stage.leaves.find(({ iterKind }) => iterKind === "reduce") !== leaf;
    checkFolds(stage, { primitive: "rfactor", reordered }, span);
    const partial = partialStage(schedule, stage, leaf, position, span);
    foldPartial(stage, partial, leaf, position, span);
    insertBefore(schedule, stage, [partial]);
    record(schedule, "rfactor", stage, { axis: leaf.name, position }, [partial.name]);
    const output = typeof tensor === "string" ? 0 : stage.tensors.indexOf(ownTensor(stage, tensor) as Tensor);
    return partial.tensors[output] as Tensor;
  });
}

/** The reduction loops go: nothing may stand in them, or in data loops that they surround. */
function checkLoops(schedule: Schedule, stage: Stage, span: Span): void {
  const outermost = stage.leaves.findIndex(({ iterKind }) => iterKind === "reduce");
  for (const [depth, loop] of stage.leaves.entries()) {
    const mark = loop.iterKind === "reduce" ? stage.marks.get(loop) : undefined;
    if (mark !== undefined) throw new CompileError(alreadyMarked(loop.name, mark.loopKind, span));
    const inside = schedule.stages.find(
      ({ attachment }) => attachment.kind === "at" && attachment.stage === stage && attachment.axis === loop,
    );
    if (depth >= outermost && inside !== undefined)
      throw new CompileError(computedInside("rfactor", stage.name, inside.name, loop.name, span));
  }
}

function partialStage(schedule: Schedule, stage: Stage, leaf: IterVar, position: number, span: Span): Stage {
  const extents = declaredExtents(stage);
  const over = (loop: IterVar): Expr => int(extentIn(extents, loop));
  const dataAxes = stage.axes.map(({ name, extent }) => freshAxis(name, extent, span));
  const taken = new Set(dataAxes.map(({ name }) => name));
  const factored = freshAxis(uniqueName(leaf.name, taken), over(leaf), span);
  const reduceAxes = stage.leaves
    .filter((loop) => loop.iterKind === "reduce" && loop !== leaf)
    .map((loop) => [loop, freshAxis(loop.name, over(loop), span, "reduce")] as const);
  const loops = new Map<IterVar, Expr>([...reduceAxes, [leaf, factored] as const].map(([k, v]) => [k, v.variable]));
  const values = valuesOf(stage, extents, loops);
  const replace = new Map<Var, Expr>(stage.axes.map((axis, k) => [axis.variable, (dataAxes[k] as IterVar).variable]));
  for (const axis of stage.reduceAxes) replace.set(axis.variable, build.add(axis.min, values.get(axis) ?? int(0)));
  const tails = guardedSplits(stage, extents)
    .filter((parent) => parent.iterKind === "reduce" && leavesOf(stage, parent).length > 0)
    .map((parent) => build.binary("lt", values.get(parent) ?? int(0), over(parent)));
  const axes = reduceAxes.map(([, axis]) => axis);
  const bodies = (stage.bodies as readonly Reduce[]).map((reduce) => partialFold(reduce, axes, tails, replace));
  const name = stageName(schedule, `${stage.name}.rf`);
  return computeStage({
    name,
    outputs: stage.tensors.length === 1 ? [name] : stage.tensors.map((tensor) => `${tensor.name}.rf`),
    axes: [...dataAxes.slice(0, position), factored, ...dataAxes.slice(position)],
    reduceAxes: axes,
    bodies,
    attachment: deepestAttachment(schedule, bodies, stage.attachment),
    span,
  });
}

/** The fold of one partial result; one element each, when no reduction loop is left. */
function partialFold(
  reduce: Reduce,
  axes: readonly IterVar[],
  tails: readonly Expr[],
  replace: ReadonlyMap<Var, Expr>,
): Expr {
  const inside = tails.length === 0 ? null : tails.reduce((a, b) => build.binary("and", a, b));
  const own = reduce.condition === null ? null : substitute(reduce.condition, replace);
  // What the condition reads is there inside the tails alone.
  const condition =
    own === null || inside === null ? (own ?? inside) : build.ifThenElse(inside, own, constant(false, "bool"));
  const sources = reduce.sources.map((source) => substitute(source, replace));
  if (axes.length > 0) return { ...reduce, axes, sources, condition, initial: null };
  const source = sources[reduce.valueIndex] as Expr;
  const identity = reduce.combiner.identities[reduce.valueIndex] as Expr;
  return condition === null ? source : build.ifThenElse(condition, source, identity);
}

/** `stage` folds the partial results over one new loop, where its outermost reduction loop stood. */
function foldPartial(stage: Stage, partial: Stage, leaf: IterVar, position: number, span: Span): void {
  const reduces = stage.bodies as readonly Reduce[];
  const isData = ({ iterKind }: IterVar): boolean => iterKind === "data";
  const kept = stage.relations.filter(({ outer }) => isData(outer));
  const extent = (partial.axes[position] as IterVar).extent;
  const total = freshAxis(uniqueName(leaf.name, axisNames({ ...stage, reduceAxes: [], leaves: stage.leaves.filter(isData), relations: kept })), extent, span, "reduce"); // biome-ignore format: one node
  const data: readonly Expr[] = stage.axes.map(({ variable }) => variable);
  const indices = [...data.slice(0, position), total.variable, ...data.slice(position)];
  const bodies: Expr[] = [...reduces];
  for (const fold of foldsOf(reduces)) {
    const sources = (reduces[fold[0] ?? 0] as Reduce).combiner.lhs.map((_, component) => {
      const output = fold.find((number) => reduces[number]?.valueIndex === component) ?? 0;
      return readOf(partial.tensors[output] as Tensor, indices, span);
    });
    for (const output of fold)
      bodies[output] = { ...(reduces[output] as Reduce), axes: [total], sources, condition: null };
  }
  const outermost = stage.leaves.find((loop) => !isData(loop));
  stage.bodies = bodies;
  stage.reduceAxes = [total];
  stage.relations = kept;
  stage.leaves = stage.leaves.flatMap((loop) => (loop === outermost ? [total] : isData(loop) ? [loop] : []));
  stage.hints = new Map([...stage.hints].filter(([loop]) => isData(loop)));
  if (stage.initialAt !== null && !isData(stage.initialAt)) stage.initialAt = null;
}
