import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { alreadyMarked, computedBetween, mixedFuse, notAdjacent, tooFewAxes } from "./errors.js";
import { inheritHints } from "./hints.js";
import { axisNames, leafOf, stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";
import { derivedAxis, moveAttached } from "./split.js";

/**
 *     for i in 0..m { for j in 0..n { S } }   →   for i.j in 0..m·n { S[i := i.j // n, j := i.j % n] }
 *
 * Each loop must stand directly inside the one named before it. Three and more fuse from the left. Halide and TVM: fuse; Exo: mult_loops.
 *
 * @returns the fused loop
 * @throws CompileError SCH103 · SCH104 · SCH105 the loops are not adjacent, or fewer than two · SCH106 loops of different kinds · SCH109 ·
 *   SCH125 a stage is computed between them
 */
export function fuse(schedule: Schedule, tensor: TensorLike, ...axes: readonly AxisLike[]): IterVar {
  return primitive(schedule, fuse, { tensor, axes }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    const named = axes.map((axis) => leafOf(schedule, stage, axis, span));
    const [first, ...others] = named;
    if (first === undefined || others.length === 0) throw new CompileError(tooFewAxes(named.length, span));
    let fused = first;
    const from = named.map(({ name }) => name);
    for (const inner of others) fused = fusePair(schedule, stage, fused, inner, span);
    record(schedule, "fuse", stage, { axes: from }, [fused.name]);
    return fused;
  });
}

function fusePair(schedule: Schedule, stage: Stage, outer: IterVar, inner: IterVar, span: Span): IterVar {
  const order = stage.leaves.map((leaf) => leaf.name);
  if (stage.leaves.indexOf(inner) !== stage.leaves.indexOf(outer) + 1)
    throw new CompileError(notAdjacent(outer.name, inner.name, order, span));
  if (outer.iterKind !== inner.iterKind || outer.iterKind === "ordered")
    throw new CompileError(mixedFuse(outer.name, inner.name, span));
  for (const axis of [outer, inner]) {
    const mark = stage.marks.get(axis);
    if (mark !== undefined) throw new CompileError(alreadyMarked(axis.name, mark.loopKind, span));
  }
  const between = schedule.stages.find(
    ({ attachment }) => attachment.kind === "at" && attachment.stage === stage && attachment.axis === outer,
  );
  if (between !== undefined) throw new CompileError(computedBetween(outer.name, inner.name, between.name, span));
  const fused = derivedAxis(uniqueName(`${outer.name}.${inner.name}`, axisNames(stage)), outer, span);
  stage.relations = [...stage.relations, { kind: "fuse", outer, inner, fused }];
  stage.leaves = stage.leaves.flatMap((leaf) => (leaf === outer ? [fused] : leaf === inner ? [] : [leaf]));
  if (stage.initialAt === outer || stage.initialAt === inner) stage.initialAt = fused;
  inheritHints(stage, [outer, inner], [fused]);
  moveAttached(schedule, stage, inner, fused);
  return fused;
}
