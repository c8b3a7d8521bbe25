import { type Capabilities, lanesOf } from "@tilewright/backend";
import { bitsOf, type IterVar } from "@tilewright/ir";
import { axesOf, parallel, reorder, type Schedule, split, unroll, vectorize } from "@tilewright/schedule";
import { PARALLEL_ELEMENTS, worthThreads } from "./limits.js";
import { elementsOf, extentOf, type StageStructure, variablesIn } from "./structure.js";

/** Rows of a tile: the elements of a line of the cache. */
const TILE_ROWS = 16;
/** Vectors of a row of the tile: with more, lines that lie a power of two apart drive each other out of the first cache. */
const TILE_VECTORS = 2;

/** The axis along which a stage reads memory in order while it writes along its last one; undefined where there is none. */
export function transposedAxis({ operation, reads }: StageStructure): IterVar | undefined {
  const innermost = operation.axes.at(-1);
  if (innermost === undefined) return undefined;
  const across = reads.filter(({ indices }) =>
    indices.slice(0, -1).some((index) => variablesIn(index).has(innermost.variable)),
  );
  return operation.axes.slice(0, -1).find(({ variable }) => across.some(({ indices }) => indices.at(-1) === variable));
}

/**
 *     for i { for j { T[i, j] = X[j, i] } }   →   for io { for jo { for ii in 0..16 { vectors of T[i, jo .. ] } } }
 *
 * Tiles of which both sides are whole lines of the cache: a line that is read for one row of the tile is read again for the next ones.
 */
export function tileTransposition(
  schedule: Schedule,
  stage: StageStructure,
  across: IterVar,
  capabilities: Capabilities,
): void {
  const { tensor, operation } = stage;
  const lanes = lanesOf(capabilities, bitsOf(tensor.dtype) / 8);
  const axes = axesOf(schedule, tensor);
  const at = operation.axes.indexOf(across);
  const innermost = axes.at(-1) as IterVar;
  const [rowTiles, rows] = split(schedule, tensor, axes[at] as IterVar, { factor: TILE_ROWS });
  const [columnTiles, columns] = split(schedule, tensor, innermost, {
    factor: Math.min(TILE_VECTORS * lanes, extentOf(innermost)),
  });
  const around = [...axes.slice(0, at), rowTiles, ...axes.slice(at + 1, -1)];
  reorder(schedule, tensor, [...around, columnTiles, rows, columns]);
  if (worthThreads(capabilities, elementsOf(tensor), PARALLEL_ELEMENTS)) {
    const spread = around.find((axis) => extentOf(axis) > 1) ?? rowTiles;
    parallel(schedule, tensor, spread);
  }
  if (lanes > 1 && extentOf(innermost) >= lanes) {
    const [copies, lane] = split(schedule, tensor, columns, { factor: lanes });
    unroll(schedule, tensor, copies);
    vectorize(schedule, tensor, lane);
  }
}
