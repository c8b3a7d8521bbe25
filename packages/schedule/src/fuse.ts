import { CompileError } from "@tilewright/diagnostics";
import type { IterVar } from "@tilewright/ir";
import { alreadyMarked, mixedFuse, notAdjacent } from "./errors.js";
import { axisNames, leafOf, stageOf, uniqueName } from "./lookup.js";
import { placeOf } from "./place.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, TensorLike } from "./schedule.js";
import { derivedAxis } from "./split.js";

/**
 *     for i in 0..m { for j in 0..n { S } }   →   for i.j in 0..m·n { S[i := i.j // n, j := i.j % n] }
 *
 * `inner` must stand directly inside `outer`. Halide and TVM: fuse; Exo: mult_loops.
 *
 * @returns the fused loop
 * @throws CompileError SCH103 · SCH104 · SCH105 the loops are not adjacent · SCH106 a data with a reduction axis · SCH109
 */
export function fuse(schedule: Schedule, tensor: TensorLike, outerAxis: AxisLike, innerAxis: AxisLike): IterVar {
  const span = placeOf(schedule, fuse);
  const stage = stageOf(schedule, tensor, span);
  const outer = leafOf(schedule, stage, outerAxis, span);
  const inner = leafOf(schedule, stage, innerAxis, span);
  const order = stage.leaves.map((leaf) => leaf.name);
  if (stage.leaves.indexOf(inner) !== stage.leaves.indexOf(outer) + 1)
    throw new CompileError(notAdjacent(outer.name, inner.name, order, span));
  if (outer.iterKind !== inner.iterKind) throw new CompileError(mixedFuse(outer.name, inner.name, span));
  for (const axis of [outer, inner]) {
    const mark = stage.marks.get(axis);
    if (mark !== undefined) throw new CompileError(alreadyMarked(axis.name, mark.loopKind, span));
  }
  const fused = derivedAxis(uniqueName(`${outer.name}.${inner.name}`, axisNames(stage)), outer, span);
  stage.relations = [...stage.relations, { kind: "fuse", outer, inner, fused }];
  stage.leaves = stage.leaves.flatMap((leaf) => (leaf === outer ? [fused] : leaf === inner ? [] : [leaf]));
  record(schedule, "fuse", stage, { outer: outer.name, inner: inner.name }, [fused.name]);
  return fused;
}
