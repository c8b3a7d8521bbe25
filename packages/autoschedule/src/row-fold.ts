import { type Capabilities, lanesOf } from "@tilewright/backend";
import { bitsOf, type IterVar, isConst, REASSOCIATE } from "@tilewright/ir";
import {
  axesOf,
  computeAt,
  reorder,
  rfactor,
  type Schedule,
  setScope,
  split,
  unroll,
  vectorize,
} from "@tilewright/schedule";
import { extentOf, type StageStructure, variablesIn } from "./structure.js";

/** Sums that run side by side: they hide the latency of one another. */
const SIDE_BY_SIDE = 8;

/** Elements of vectors that a fold along the rows of what it reads takes at once; 0 where it is no such fold, or may not be regrouped. */
export function rowFoldWidth({ reduce, reads, tensor, operation }: StageStructure, capabilities: Capabilities): number {
  const fold = reduce?.axes.at(-1);
  if (reduce == null || fold === undefined || operation.bodies.length > 1 || (reduce.fast & REASSOCIATE) === 0)
    return 0;
  if (!["sum", "max", "min"].includes(reduce.combiner.name) || reduce.initial !== null || reduce.condition !== null)
    return 0;
  const along = reads.filter(({ indices }) => indices.some((index) => variablesIn(index).has(fold.variable)));
  const isRow = along.every(({ tensor: from, indices }) => {
    const first = indices.findIndex((index) => variablesIn(index).has(fold.variable));
    return indices[first] === fold.variable && from.shape.slice(first + 1).every((extent) => isConst(extent, 1));
  });
  if (along.length === 0 || !isRow) return 0;
  const lanes = lanesOf(capabilities, bitsOf(tensor.dtype) / 8);
  if (lanes === 1 || extentOf(fold) < 2 * lanes) return 0;
  const copies = [SIDE_BY_SIDE, 4, 2, 1].find((count) => extentOf(fold) % (lanes * count) === 0) ?? SIDE_BY_SIDE;
  return lanes * Math.min(copies, Math.floor(extentOf(fold) / lanes));
}

/**
 *     S[i] = Σ_k X[i, k]   →   for each i: P[0 .. width] = Σ_ko X[i, ko·width + 0 .. width] in registers; S[i] = Σ P
 *
 * A fold along rows, as vectors of partial results.
 */
export function foldRows(schedule: Schedule, { tensor, reduce }: StageStructure, width: number, lanes: number): void {
  const fold = reduce?.axes.at(-1) as IterVar;
  const [, inner] = split(schedule, tensor, fold, { factor: width });
  const data = axesOf(schedule, tensor).filter(({ iterKind }) => iterKind === "data");
  const partial = rfactor(schedule, tensor, inner, { position: data.length });
  const row = data.at(-1);
  if (row !== undefined) computeAt(schedule, partial, tensor, row);
  setScope(schedule, partial, "local");
  const own = axesOf(schedule, partial);
  const within = own[data.length] as IterVar;
  reorder(schedule, partial, [...own.slice(0, data.length), ...own.slice(data.length + 1), within]);
  const [copies, lane] = split(schedule, partial, within, { factor: lanes });
  unroll(schedule, partial, copies);
  vectorize(schedule, partial, lane);
}
