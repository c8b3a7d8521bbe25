import type { IterVar } from "@tilewright/ir";
import { axisNames, uniqueName } from "./lookup.js";
import type { FuseRelation, Pipeline, Relation, Schedule, SplitRelation, Stage } from "./schedule.js";
import { derivedAxis, moveAttached } from "./split.js";

/** Loops of one stage, made anew for the axes of another. */
export interface CopiedLoops {
  readonly relations: readonly Relation[];
  /** From each axis of the one stage that takes part to that of the other. */
  readonly axes: ReadonlyMap<IterVar, IterVar>;
}

/** The axes that relations make each other from. */
const partsOf = (relation: Relation): { readonly from: readonly IterVar[]; readonly made: readonly IterVar[] } =>
  relation.kind === "split"
    ? { from: [relation.parent], made: [relation.outer, relation.inner] }
    : { from: [relation.outer, relation.inner], made: [relation.fused] };

/** The relations that make some loops out of a stage's axes, and those axes. */
export function originOf(
  stage: Stage,
  loops: readonly IterVar[],
): { relations: readonly Relation[]; roots: readonly IterVar[] } {
  const wanted = new Set(loops);
  const relations: Relation[] = [];
  for (const relation of [...stage.relations].reverse()) {
    const { from, made } = partsOf(relation);
    if (!made.some((axis) => wanted.has(axis))) continue;
    relations.unshift(relation);
    for (const axis of from) wanted.add(axis);
  }
  return { relations, roots: [...stage.axes, ...stage.reduceAxes].filter((axis) => wanted.has(axis)) };
}

/**
 * The relations that make `loops` of `from`, for `to`, whose axes stand for those of `from` as `roots` says. New loops have the names of
 * the old ones, with a number where `to` has used them. An output's memory has no room, so there padded tails become guards.
 */
export function copyLoops(
  from: Stage,
  loops: readonly IterVar[],
  to: Stage,
  roots: ReadonlyMap<IterVar, IterVar>,
): CopiedLoops {
  const taken = new Set(axisNames(to));
  const axes = new Map(roots);
  const known = (axis: IterVar): IterVar => axes.get(axis) ?? axis;
  const make = (axis: IterVar, like: IterVar): IterVar => {
    const made = derivedAxis(uniqueName(axis.name, taken), known(like), axis.span);
    taken.add(made.name);
    axes.set(axis, made);
    return made;
  };
  const relations = originOf(from, loops).relations.map((relation): SplitRelation | FuseRelation => {
    if (relation.kind === "fuse") {
      const { outer, inner, fused } = relation;
      return { kind: "fuse", outer: known(outer), inner: known(inner), fused: make(fused, outer) };
    }
    const { parent, outer, inner } = relation;
    const tail = relation.tail === "roundUp" && to.isOutput ? "guard" : relation.tail;
    return { ...relation, parent: known(parent), outer: make(outer, parent), inner: make(inner, parent), tail };
  });
  return { relations, axes };
}

/** The loops that relations leave of some axes, each where its axis stood. */
export function loopsAfter(axes: readonly IterVar[], relations: readonly Relation[]): readonly IterVar[] {
  return relations.reduce<readonly IterVar[]>((loops, relation) => {
    const { from, made } = partsOf(relation);
    return loops.flatMap((loop) => (loop === from[0] ? made : loop === from[1] ? [] : [loop]));
  }, axes);
}

/** Marks, hints, pipelines and what is computed in them move from some loops of one stage to those that now stand for them. */
export function moveLoops(
  schedule: Schedule,
  from: Stage,
  loops: readonly IterVar[],
  to: Stage,
  axes: CopiedLoops["axes"],
): void {
  const moved = new Set(loops);
  const taken = <T>(table: ReadonlyMap<IterVar, T>): readonly (readonly [IterVar, T])[] =>
    [...table].flatMap(([loop, value]) => (moved.has(loop) ? [[axes.get(loop) ?? loop, value] as const] : []));
  const left = <T>(table: ReadonlyMap<IterVar, T>): ReadonlyMap<IterVar, T> =>
    new Map([...table].filter(([loop]) => !moved.has(loop)));
  to.marks = new Map([...to.marks, ...taken(from.marks)]);
  to.hints = new Map([...to.hints, ...taken(from.hints)]);
  to.pipelines = new Map([
    ...to.pipelines,
    ...taken(from.pipelines).map(([loop, pipeline]) => [loop, withStatement(pipeline, from, to)] as const),
  ]);
  from.pipelines = left(from.pipelines);
  from.marks = left(from.marks);
  from.hints = left(from.hints);
  for (const loop of loops) moveAttached(schedule, from, loop, axes.get(loop) ?? loop, to);
}

/** The rest of a loop's body is now `to`; the stage whose it was is computed there too, or no more. */
function withStatement({ numbers, order }: Pipeline, from: Stage, to: Stage): Pipeline {
  return {
    numbers: new Map([...numbers, [to, numbers.get(from) ?? 0]]),
    order: order.flatMap((stage) => (stage === from ? [from, to] : [stage])),
  };
}
