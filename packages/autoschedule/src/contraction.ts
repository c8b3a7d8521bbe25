import type { Capabilities, KnobValues, ScheduleRule } from "@tilewright/backend";
import { bitsOf, type Expr, type IterVar, isConst, type Read, type Tensor } from "@tilewright/ir";
import {
  axesOf, cacheWrite, computeAt, computeInline, draftSchedule, fuse, type LayoutLike, parallel, reindex, reorder, type Schedule, split, traceOf,
  transformLayout, unroll, vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { scheduleSources } from "./border.js";
import { type Contraction, contractionStructure, contractionWork } from "./contraction-structure.js";
import type { Digit } from "./digits.js";
import { evenBlocks, lanesWithin, PARALLEL_MULTIPLY_ADDS, privateCacheBytes, worthThreads } from "./limits.js";
import { TILED_MULTIPLY_ADDS, tileLoops } from "./matmul.js";
import { evenRows, tileKnobs } from "./register-tile.js";
import { MOST_TAPS } from "./stencil.js";
import { extentOf, structureOf, variablesIn } from "./structure.js";

/** Panels that a block has at least, however deep: as often is L read for them. */
const LEAST_PANELS = 4;

/** Windows of all columns are packed at once up to this size: they stream from the last cache, and each panel of L is read once. */
const WHOLE_BYTES = 4 * 1024 * 1024;

/** Panels for each thread from which it packs what it reads itself: what another packed comes from the cache of another core. */
const OWN_PANELS = 16;

/** Rows of a group that pay for packing what R reads. */
const LEAST_GROUP_ROWS = 4;

/**
 * Rule: a sum of products whose left operand reads each element once: convolutions, in groups too, with their gradients, and batches of matrix products.
 * It becomes a matrix product whose right operand is packed for some columns at a time, as in implicit-precomp GEMM (cuDNN, Chetlur et al., 2014):
 *
 *     pack L into panels of MR rows                                     (once)
 *     for each block of columns, on threads: pack what R reads for them into panels of NR columns
 *       for each panel of L, of each of the axes that L alone has besides the row: for each panel of the block:
 *         MR × NR sums in registers over all folds; then the elementwise stages, and one store
 *
 * With threads and few panels what R reads for all columns is stored at once where it is small (`WHOLE_BYTES`): threads pack it together, and share
 * the tiles.
 */
export const contractionRule: ScheduleRule = {
  name: "contraction",
  match(outputs, capabilities) {
    const stages = structureOf(outputs);
    const contraction = stages === null ? null : contractionStructure(stages);
    if (contraction === null || contractionWork(contraction) < TILED_MULTIPLY_ADDS) return null;
    if (extentOf(contraction.row.axis) < 2 || isShallow(contraction)) return null;
    const points = pointsOf(contraction);
    const lanes = lanesWithin(capabilities, contraction.stage.tensor.dtype, points);
    if (points < lanes) return null;
    return {
      knobs: [...tileKnobs(capabilities, lanes, points), { name: "blockPanels", candidates: [0, 1, 2, 4, 8, 16] }],
      apply: (values) => {
        const schedule = draftSchedule(outputs);
        scheduleContraction(schedule, contraction, capabilities, lanes, values);
        return traceOf(schedule);
      },
    };
  },
};

function scheduleContraction(
  schedule: Schedule,
  contraction: Contraction,
  capabilities: Capabilities,
  lanes: number,
  { tileRows: rowsWanted = 4, tileVectors = 2, blockPanels = 0 }: KnobValues,
): void {
  const { stage, last, between, outer, repeated, row, columns, folds, left, right } = contraction;
  const tileRows = rowsOfTile(row, rowsWanted);
  const tileColumns = tileVectors * lanes;
  const threaded = worthThreads(capabilities, contractionWork(contraction), PARALLEL_MULTIPLY_ADDS);
  const sums = cacheWrite(schedule, stage.tensor, "local", {
    layout: [...outer, ...repeated, row, { digits: columns }],
  });
  const windows = reindex(schedule, right.tensor, sums);
  const packedLeft = reindex(schedule, left.tensor, sums);
  const borders = scheduleSources(schedule, contraction.before, lanes);
  if (stage !== last) computeInline(schedule, stage.tensor);
  for (const other of between) computeInline(schedule, other.tensor);

  const depth = folds.reduce((product, axis) => product * extentOf(axis), 1);
  const bytesOfPanel = depth * tileColumns * (bitsOf(right.dtype) / 8);
  const panelsTotal = Math.ceil(pointsOf(contraction) / tileColumns);
  const copies = outer.reduce((product, { axis }) => product * extentOf(axis), 1);
  const isFew = copies * panelsTotal < OWN_PANELS * capabilities.threads;
  const isShared = threaded && isFew && blockPanels === 0 && copies * panelsTotal * bytesOfPanel <= WHOLE_BYTES;

  const loops = digitLoops(schedule, last.tensor, [...outer, ...repeated, row, ...columns]);
  const around = loops.slice(0, outer.length);
  const again = loops.slice(outer.length, outer.length + repeated.length);
  const [rowAxis, ...columnAxes] = loops.slice(outer.length + repeated.length) as [IterVar, ...IterVar[]];
  const pixels = columnAxes.length > 1 ? fuse(schedule, last.tensor, ...columnAxes) : (columnAxes[0] as IterVar);
  const [allPanels, tile] = split(schedule, last.tensor, pixels, { factor: tileColumns });
  const [rowPanels, rows] = split(schedule, last.tensor, rowAxis, { factor: tileRows });
  if (isShared) {
    reorder(schedule, last.tensor, [...around, ...again, rowPanels, allPanels, rows, tile]);
    const tiles = fuse(schedule, last.tensor, ...around, ...again, rowPanels, allPanels);
    parallel(schedule, last.tensor, tiles);
    computeAt(schedule, sums, last.tensor, tiles);
  } else {
    const threads = threaded ? capabilities.threads : 1;
    const panelsInBlock =
      blockPanels > 0 ? blockPanels : panelsPerBlock(panelsTotal, bytesOfPanel, threads, capabilities);
    const [blocks, panels] = split(schedule, last.tensor, allPanels, { factor: panelsInBlock });
    reorder(schedule, last.tensor, [...around, blocks, ...again, rowPanels, panels, rows, tile]);
    computeAt(schedule, sums, last.tensor, panels);
    computeAt(schedule, windows, last.tensor, blocks);
    if (threaded)
      parallel(schedule, last.tensor, around.length > 0 ? fuse(schedule, last.tensor, ...around, blocks) : blocks);
  }
  if (threaded) for (const border of borders) spreadPlanes(schedule, border.tensor);
  tileLoops(schedule, last.tensor, rows, tile, lanes);
  sumLoops(schedule, contraction, sums, lanes);
  packLeft(schedule, contraction, packedLeft, tileRows);
  packWindows(schedule, contraction, windows, tileColumns, lanes, isShared);
}

/** Few rows of a group over few folds: to pack what R reads costs more than it saves, and the windows are small enough to be written out. */
function isShallow({ row, folds }: Contraction): boolean {
  const terms = folds.reduce((product, axis) => product * extentOf(axis), 1);
  return row.modulus !== null && extentOf(row.axis) < LEAST_GROUP_ROWS && terms <= MOST_TAPS;
}

/** The loops of digits in order: axes of which there are two are split. */
function digitLoops(schedule: Schedule, tensor: Tensor, digits: readonly Digit[]): readonly IterVar[] {
  const axes = axesOf(schedule, tensor);
  const parts = new Map<number, readonly IterVar[]>();
  for (const { dimension, divisor } of digits)
    if (divisor > 1) parts.set(dimension, split(schedule, tensor, axes[dimension] as IterVar, { factor: divisor }));
  const loops = digits.map(({ dimension, modulus }) => {
    const [outer = axes[dimension], inner = outer] = parts.get(dimension) ?? [];
    return (modulus === null ? outer : inner) as IterVar;
  });
  reorder(schedule, tensor, loops);
  return loops;
}

/** Rows of a tile, `most` at most. A remainder is taken apart into whole tiles: one that is not full would reach into the next quotient. */
function rowsOfTile({ axis, modulus }: Digit, most: number): number {
  if (modulus === null) return evenRows(extentOf(axis), most);
  let rows = most;
  while (extentOf(axis) % rows !== 0) rows--;
  return rows;
}

/** The planes of a border on threads. */
function spreadPlanes(schedule: Schedule, border: Tensor): void {
  const plane = axesOf(schedule, border)
    .slice(0, -2)
    .find((axis) => extentOf(axis) > 1);
  if (plane !== undefined) parallel(schedule, border, plane);
}

/** Columns, all in all. */
function pointsOf({ columns }: Contraction): number {
  return columns.reduce((product, { axis }) => product * extentOf(axis), 1);
}

/** Panels whose windows fill half of the thread's own cache, but enough that L is not read for few columns; or all, where they are not too large. */
function panelsPerBlock(panels: number, bytesOfPanel: number, threads: number, capabilities: Capabilities): number {
  const inCache = Math.floor(privateCacheBytes(capabilities) / 2 / bytesOfPanel);
  const most = panels * bytesOfPanel <= WHOLE_BYTES ? panels : Math.max(LEAST_PANELS, inCache);
  return evenBlocks(panels, most, threads);
}

/** Loops of the sums: folds that a condition is about, whose ends it then says; the others as one loop; then the tile in registers. */
function sumLoops(
  schedule: Schedule,
  { outer, repeated, folds, selective }: Contraction,
  sums: Tensor,
  lanes: number,
): void {
  const axes = axesOf(schedule, sums);
  const at = outer.length + repeated.length;
  const [rows, columns] = axes.slice(at) as [IterVar, IterVar];
  const own = axes.slice(at + 2);
  const chosen = own.filter((_, k) => selective.includes(folds[k] as IterVar));
  const free = own.filter((axis) => !chosen.includes(axis));
  reorder(schedule, sums, [...axes.slice(0, at), ...chosen, ...free, rows, columns]);
  if (free.length > 1) fuse(schedule, sums, ...free);
  tileLoops(schedule, sums, rows, columns, lanes);
}

/** Storage `[..][row // MR][folds][row % MR]`, and loops in that order. */
function packLeft(
  schedule: Schedule,
  { outer, repeated, folds, left }: Contraction,
  packed: Tensor,
  tileRows: number,
): void {
  const at = usedBy(left, outer) + repeated.length;
  transformLayout(schedule, packed, panelLayout(at, folds.length, tileRows));
  const axes = axesOf(schedule, packed);
  const [panels, within] = split(schedule, packed, axes[at] as IterVar, { factor: tileRows });
  reorder(schedule, packed, [...axes.slice(0, at), panels, ...axes.slice(at + 1), within]);
  unroll(schedule, packed, within);
}

/** How many of the loops around everything an operand depends on: the first dimensions of what is packed. */
function usedBy(operand: Read, outer: readonly Digit[]): number {
  const used = variablesIn(operand);
  return outer.filter(({ axis }) => used.has(axis.variable)).length;
}

/** `[..][position // width][folds][position % width]` of `[..][position][folds]`. */
function panelLayout(at: number, folds: number, width: number): LayoutLike {
  const whole = (first: number, count: number) => Array.from({ length: count }, (_, k) => ({ dimension: first + k }));
  const panel = { dimension: at, divisor: width };
  return [...whole(0, at), panel, ...whole(at + 1, folds), { dimension: at, modulus: width }];
}

/** Storage `[..][column // NR][folds][column % NR]`, and loops in that order; vectors where neighbouring columns are neighbours in memory. */
function packWindows(
  schedule: Schedule,
  contraction: Contraction,
  windows: Tensor,
  tileColumns: number,
  lanes: number,
  threaded: boolean,
): void {
  const around = usedBy(contraction.right, contraction.outer);
  transformLayout(schedule, windows, panelLayout(around, contraction.folds.length, tileColumns));
  const axes = axesOf(schedule, windows);
  const [panels, within] = split(schedule, windows, axes[around] as IterVar, { factor: tileColumns });
  reorder(schedule, windows, [...axes.slice(0, around), panels, ...axes.slice(around + 1), within]);
  if (threaded) parallel(schedule, windows, fuse(schedule, windows, ...axes.slice(0, around), panels));
  const width = [lanes, lanes / 2].find((each) => each >= 4 && areNeighbours(contraction, each));
  if (width !== undefined) {
    const [copies, lane] = split(schedule, windows, within, { factor: width });
    unroll(schedule, windows, copies);
    vectorize(schedule, windows, lane);
  } else unroll(schedule, windows, within);
}

/** True when `width` columns of a panel are always neighbours in the memory that R reads: of one row, or of whole planes. */
function areNeighbours({ columns, folds, right }: Contraction, width: number): boolean {
  const innermost = (columns.at(-1) as Digit).axis;
  const single = new Set(folds.filter((axis) => extentOf(axis) === 1).map(({ variable }) => variable));
  const indices = right.indices.map((index) =>
    termsOf(index).filter((term) => term.kind !== "Var" || !single.has(term)),
  );
  const elsewhere = indices
    .slice(0, -1)
    .some((terms) => terms.some((term) => variablesIn(term).has(innermost.variable)));
  const rest = indices.at(-1)?.filter((term) => term !== innermost.variable) ?? [];
  const isStep =
    rest.length + 1 === indices.at(-1)?.length && !rest.some((term) => variablesIn(term).has(innermost.variable));
  if (elsewhere || !isStep) return false;
  if (columns.length === 1 || extentOf(innermost) % width === 0) return true;
  const { shape } = right.tensor;
  return columns.every(({ axis }, k) => {
    const dimension = shape.length - columns.length + k;
    const terms = indices[dimension] ?? [];
    return terms.length === 1 && terms[0] === axis.variable && isConst(shape[dimension] as Expr, extentOf(axis));
  });
}

/** What an index adds up. */
function termsOf(index: Expr): readonly Expr[] {
  return index.kind === "Binary" && index.op === "add" ? [...termsOf(index.left), ...termsOf(index.right)] : [index];
}
