import { build, type Expr, type IterVar, int } from "@tilewright/ir";
import type { Stage } from "./schedule.js";

/**
 * The one meaning of `relations`: two folds over them, extents from the root axes down to the loops and values from the loops back up.
 * Everything that bound inference and lowering know of split and fuse is here (ADR 0001).
 */

/** Extents of every axis of a stage, given those of its root axes. `roundUp` splits enlarge their parents: `rooms` holds the enlarged ones. */
export interface Extents {
  readonly extents: ReadonlyMap<IterVar, number>;
  readonly rooms: ReadonlyMap<IterVar, number>;
}

export function extentsOf(stage: Stage, roots: ReadonlyMap<IterVar, number>): Extents {
  const extents = new Map(roots);
  for (const relation of stage.relations) {
    if (relation.kind === "fuse") {
      extents.set(relation.fused, extentIn(extents, relation.outer) * extentIn(extents, relation.inner));
      continue;
    }
    const parent = extentIn(extents, relation.parent);
    const inner =
      relation.factor !== null
        ? innerExtent(relation.factor, parent, relation.tail === "roundUp")
        : Math.max(1, Math.ceil(parent / (relation.parts ?? 1)));
    extents.set(relation.inner, inner);
    extents.set(relation.outer, Math.ceil(parent / inner));
  }
  const rooms = new Map(extents);
  for (const relation of [...stage.relations].reverse()) {
    if (relation.kind === "split" && relation.tail === "roundUp") {
      rooms.set(relation.parent, extentIn(rooms, relation.outer) * extentIn(rooms, relation.inner));
    }
  }
  return { extents, rooms };
}

function innerExtent(factor: number, parent: number, whole: boolean): number {
  return whole ? factor : Math.max(1, Math.min(factor, parent));
}

export function extentIn(extents: ReadonlyMap<IterVar, number>, axis: IterVar): number {
  return extents.get(axis) ?? 0;
}

/** The value of every axis as an expression of the loops, counted from 0, given the values of the leaves. */
export function valuesOf(
  stage: Stage,
  extents: ReadonlyMap<IterVar, number>,
  leaves: ReadonlyMap<IterVar, Expr>,
): ReadonlyMap<IterVar, Expr> {
  const values = new Map(leaves);
  const value = (axis: IterVar): Expr => values.get(axis) ?? int(0);
  for (const relation of [...stage.relations].reverse()) {
    const inner = extentIn(extents, relation.inner);
    if (relation.kind === "fuse") {
      values.set(relation.outer, build.binary("floordiv", value(relation.fused), int(Math.max(1, inner))));
      values.set(relation.inner, build.binary("floormod", value(relation.fused), int(Math.max(1, inner))));
      continue;
    }
    const start = build.mul(value(relation.outer), int(inner));
    const last = extentIn(extents, relation.parent) - inner;
    const moved =
      relation.tail === "shift" && last % inner !== 0 ? build.binary("min", start, int(Math.max(0, last))) : start;
    values.set(relation.parent, build.add(moved, value(relation.inner)));
  }
  return values;
}

/** Splits whose last tile leaves the parent's extent: `value(parent) < extent(parent)` must guard the body. */
export function guardedSplits(stage: Stage, extents: ReadonlyMap<IterVar, number>): readonly IterVar[] {
  return stage.relations.flatMap((relation) => {
    if (relation.kind !== "split" || (relation.tail !== "guard" && relation.tail !== "exact")) return [];
    const whole = extentIn(extents, relation.outer) * extentIn(extents, relation.inner);
    return whole === extentIn(extents, relation.parent) ? [] : [relation.parent];
  });
}

/** The leaves that an axis became. */
export function leavesOf(stage: Stage, axis: IterVar): readonly IterVar[] {
  const reached = new Set<IterVar>([axis]);
  for (const relation of stage.relations) {
    if (relation.kind === "split" && reached.has(relation.parent)) reached.add(relation.outer).add(relation.inner);
    if (relation.kind === "fuse" && (reached.has(relation.outer) || reached.has(relation.inner)))
      reached.add(relation.fused);
  }
  return stage.leaves.filter((leaf) => reached.has(leaf));
}
