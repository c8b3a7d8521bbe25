import type { Capabilities } from "@tilewright/backend";
import type { IterVar } from "@tilewright/ir";
import { axesOf, parallel, reorder, type Schedule, split, unroll, vectorize } from "@tilewright/schedule";
import { lanesWithin, PARALLEL_ELEMENTS, worthThreads } from "./limits.js";
import { elementsOf, extentOf, type StageStructure, variablesIn } from "./structure.js";

/** Rows of a tile: the elements of a line of the cache. */
const TILE_ROWS = 16;
/** Columns of a tile, at most, if they are not one vector: with more, lines that lie a power of two apart drive each other out of the first cache. */
const TILE_COLUMNS = 16;
/** Columns that are done for all rows before the next: each is a row of what is read, in a page of its own. */
const COLUMNS_TOGETHER = 256;

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
 *     for i { for j { T[i, j] = X[j, i] } }   →   for jp { for io { for jo { for im { for jm { for ii in 0..L { T[i, j .. j + L] } } } } } }
 *
 * Tiles of which both sides are whole lines of the cache, in blocks of as many rows as a vector has lanes: lowering loads such a block by rows and
 * transposes it in registers.
 */
export function tileTransposition(
  schedule: Schedule,
  stage: StageStructure,
  across: IterVar,
  capabilities: Capabilities,
): void {
  const { tensor, operation } = stage;
  const axes = axesOf(schedule, tensor);
  const at = operation.axes.indexOf(across);
  const innermost = axes.at(-1) as IterVar;
  const lanes = lanesWithin(capabilities, tensor.dtype, Math.min(extentOf(innermost), extentOf(across)));
  const [rowTiles, rows] = split(schedule, tensor, axes[at] as IterVar, { factor: TILE_ROWS });
  const [rowBlocks, row] = split(schedule, tensor, rows, { factor: Math.min(lanes, TILE_ROWS) });
  const [columnParts, part] = split(schedule, tensor, innermost, { factor: COLUMNS_TOGETHER });
  const [columnTiles, columns] = split(schedule, tensor, part, { factor: Math.max(lanes, TILE_COLUMNS) });
  const [columnBlocks, column] = split(schedule, tensor, columns, { factor: lanes });
  const around = [...axes.slice(0, at), columnParts, rowTiles, ...axes.slice(at + 1, -1)];
  reorder(schedule, tensor, [...around, columnTiles, rowBlocks, columnBlocks, row, column]);
  if (worthThreads(capabilities, elementsOf(tensor), PARALLEL_ELEMENTS)) {
    const spread = around.find((axis) => extentOf(axis) >= capabilities.threads) ?? rowTiles;
    parallel(schedule, tensor, spread);
  }
  if (lanes > 1 && extentOf(innermost) >= lanes) {
    unroll(schedule, tensor, row);
    vectorize(schedule, tensor, column);
  }
}
