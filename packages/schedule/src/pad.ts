import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  build, type Expr, type IterVar, int, isFloat, REASSOCIATE, type Read, type Reduce, rewrite, structuralEqual, substitute, type Tensor,
} from "@tilewright/ir"; // biome-ignore format: a list
import { endOf, extentOf } from "./axis-extent.js";
import { computeStage, freshAxis, insertBefore, readOf, stageName } from "./compute-stage.js";
import { clampReads } from "./create-schedule.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { badFactor, notMovable, unknownAxis } from "./errors.js";
import { badChoice, notRegroupable } from "./errors-stages.js";
import { type Factor, paddableFactors } from "./factors.js";
import { stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";
import { checkEmpty, checkUntouched } from "./untouched.js";

/**
 *     for i in 0..5 { for k in 0..7 { C[i] += A[i, k] · B[k] } }   →   (multiples i: 4, k: 8)
 *     A.pad = A, and 0 beyond; B.pad = B, and 0 beyond; for i in 0..8 { for k in 0..8 { C.pad[i] += A.pad[i, k] · B.pad[k] } };
 *     for i in 0..5 { C[i] = C.pad[i] }
 *
 * A sum of products, or a fold of one read, is computed over extents rounded up to multiples, of copies of what it reads that are padded
 * with zero (with the identity, in a fold that is no sum). The stage itself becomes a copy of the valid part. Where the new stage is
 * computed in a loop of the copy, what it computes there is rounded up too. TensorIR: pad_einsum, which takes it on trust that zeros change
 * nothing; see `paddableFactors`.
 *
 * @param multiples  by axis, data and reduction axes alike; at least 1
 * @returns the padded copies, in the order of the reads, and last the padded result
 * @throws CompileError SCH101 a multiple · SCH103 · SCH104 an axis that the stage has not · SCH110 no expression · SCH114 its loops were changed ·
 *   SCH130 a start value of a strict fold · SCH131 something is computed in its loops · SCH132 no multiples · SCH137 · SCH138
 */
export function pad(
  schedule: Schedule,
  tensor: TensorLike,
  multiples: { readonly [axis: string]: number },
): readonly Tensor[] {
  return primitive(schedule, pad, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    if (stage.operation.kind !== "Compute" || stage.attachment.kind === "inline")
      throw new CompileError(notMovable("pad", stage.name, "it has no loops of its own", span));
    checkUntouched(stage, "pad", span);
    checkEmpty(schedule, stage, "pad", span);
    const rounded = checkedMultiples(stage, multiples, span);
    const factors = paddableFactors(stage, [...rounded.keys()], span);
    const copies = paddedCopies(schedule, stage, factors, rounded, span);
    const result = paddedFold(schedule, stage, copies, rounded, span);
    const made = [...new Set(copies.values()), result];
    const names = made.map(({ name }) => name);
    record(schedule, "pad", stage, { multiples: { ...multiples } }, names);
    return made.map(({ tensors }) => tensors[0] as Tensor);
  });
}

/** By axis. @throws CompileError SCH101 · SCH104 · SCH132 */
function checkedMultiples(
  stage: Stage,
  multiples: { readonly [axis: string]: number },
  span: Span,
): ReadonlyMap<IterVar, number> {
  const entries = typeof multiples === "object" && multiples !== null ? Object.entries(multiples) : [];
  if (entries.length === 0) throw new CompileError(badChoice("multiple to pad to", "multiples by axis", "none", span));
  const axes = [...stage.axes, ...stage.reduceAxes];
  return new Map(
    entries.map(([name, multiple]) => {
      const axis = axes.find((each) => each.name === name);
      const known = axes.map((each) => each.name);
      if (axis === undefined)
        throw new CompileError(unknownAxis(name, stage.name, known, "there is no such axis", span));
      if (!Number.isSafeInteger(multiple) || multiple < 1)
        throw new CompileError(badFactor(name, "multiple", multiple, span));
      return [axis, multiple] as const;
    }),
  );
}

/** The extent of an axis, up to its multiple. */
function roundedExtent(axis: IterVar, rounded: ReadonlyMap<IterVar, number>): number {
  const multiple = rounded.get(axis) ?? 1;
  return Math.ceil(extentOf(axis) / multiple) * multiple;
}

/** For each read that uses a padded axis the stage that it is to read instead; equal reads share one. */
function paddedCopies(
  schedule: Schedule,
  stage: Stage,
  factors: readonly Factor[],
  rounded: ReadonlyMap<IterVar, number>,
  span: Span,
): ReadonlyMap<Read, Stage> {
  const copies = new Map<Read, Stage>();
  for (const factor of factors) {
    const same = [...copies].find(([read]) => structuralEqual(read, factor.read));
    const dimensions = factor.read.indices.map((index) =>
      [...rounded.keys()].find(({ variable }) => variable === index),
    );
    if (dimensions.every((axis) => axis === undefined)) continue;
    const copy = same?.[1] ?? paddedCopy(schedule, stage, factor, dimensions, rounded, span);
    copies.set(factor.read, copy);
    if (same === undefined) insertBefore(schedule, stage, [copy]);
  }
  return copies;
}

/** What a read reads inside, the constant beyond. */
function paddedCopy(
  schedule: Schedule,
  stage: Stage,
  { read, constant }: Factor,
  dimensions: readonly (IterVar | undefined)[],
  rounded: ReadonlyMap<IterVar, number>,
  span: Span,
): Stage {
  const room = (axis: IterVar): number => endOf(axis) - extentOf(axis) + roundedExtent(axis, rounded);
  const taken = new Set<string>();
  const axes = dimensions.map((axis, k) => {
    const name = uniqueName(axis?.name ?? `i${k}`, taken);
    taken.add(name);
    return freshAxis(name, axis === undefined ? (read.tensor.shape[k] as Expr) : int(room(axis)), span);
  });
  const inside = dimensions.flatMap((axis, k) =>
    axis === undefined || room(axis) === endOf(axis)
      ? []
      : [build.binary("lt", (axes[k] as IterVar).variable, int(endOf(axis)))],
  );
  const plain = readOf(read.tensor, axes.map(({ variable }) => variable), span); // biome-ignore format: one line
  const value = clampReads(plain, axes, span);
  const body =
    inside.length === 0 ? value : build.ifThenElse(inside.reduce((a, b) => build.binary("and", a, b)), value, constant); // biome-ignore format: one choice
  const name = stageName(schedule, `${read.tensor.name}.pad`);
  const attachment = deepestAttachment(schedule, [body], stage.attachment);
  return computeStage({ name, axes, bodies: [body], attachment, span });
}

/** The fold over rounded extents; `stage` becomes a copy of its valid part, with the start value. */
function paddedFold(
  schedule: Schedule,
  stage: Stage,
  copies: ReadonlyMap<Read, Stage>,
  rounded: ReadonlyMap<IterVar, number>,
  span: Span,
): Stage {
  const reduce = stage.bodies[0] as Reduce;
  const fresh = (axis: IterVar): IterVar => ({
    ...freshAxis(axis.name, int(roundedExtent(axis, rounded)), span, axis.iterKind),
    min: axis.min,
  });
  const axes = stage.axes.map(fresh);
  const reduceAxes = stage.reduceAxes.map(fresh);
  const own = new Map<IterVar["variable"], Expr>(
    [...stage.axes, ...stage.reduceAxes].map((axis, k) => [
      axis.variable,
      ([...axes, ...reduceAxes][k] as IterVar).variable,
    ]),
  );
  const sources = reduce.sources.map((source) => {
    const redirected = rewrite(source, {
      Read: (read) => {
        const copy = [...copies].find(([each]) => each === read || structuralEqual(each, read))?.[1];
        return copy === undefined ? undefined : { ...read, tensor: copy.tensors[0] as Tensor };
      },
    });
    return substitute(redirected, own);
  });
  const body: Reduce = { ...reduce, axes: reduceAxes, sources, initial: null };
  const result = computeStage({
    name: stageName(schedule, `${stage.name}.pad`),
    axes,
    reduceAxes,
    bodies: [body],
    attachment: deepestAttachment(schedule, [body], stage.attachment),
    span,
  });
  result.multiples = new Map(
    stage.axes.flatMap((axis, k) => (rounded.has(axis) ? [[axes[k] as IterVar, rounded.get(axis) ?? 1]] : [])),
  );
  stage.bodies = [withStart(stage, reduce, readOf(result.tensors[0] as Tensor, stage.axes.map(({ variable }) => variable), span), span)]; // biome-ignore format: one line
  stage.reduceAxes = [];
  stage.leaves = stage.axes;
  insertBefore(schedule, stage, [result]);
  return result;
}

/** A start value is combined with the rest of the fold at its end. @throws CompileError SCH130 */
function withStart(stage: Stage, { initial, combiner, fast }: Reduce, rest: Read, span: Span): Expr {
  const [start] = initial ?? [];
  if (start === undefined) return rest;
  if (isFloat(rest.dtype) && (fast & REASSOCIATE) === 0) {
    const actual = "strict: true with a start value, which comes first";
    throw new CompileError(notRegroupable("pad", stage.name, "a fold in any grouping", actual, span));
  }
  const sides = [
    ...combiner.lhs.map((side) => [side, start] as const),
    ...combiner.rhs.map((side) => [side, rest] as const),
  ];
  return substitute(combiner.results[0] as Expr, new Map<IterVar["variable"], Expr>(sides));
}
