import { type Capabilities, type GroupFacts, type KnobValues, lanesOf, type ScheduleRule } from "@tilewright/backend";
import { bitsOf, type IterVar, type Tensor } from "@tilewright/ir";
import {
  axesOf, cacheRead, cacheWrite, computeAt, computeInline, draftSchedule, parallel, reorder, type Schedule, split, traceOf, transformLayout, unroll,
  vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { evenBlocks, PARALLEL_MULTIPLY_ADDS, privateCacheBytes, worthThreads } from "./limits.js";
import { type MatmulStructure, matmulStructure, multiplyAdds, type Operand } from "./matmul-structure.js";
import { evenRows, tileKnobs } from "./register-tile.js";
import { extentOf, type StageStructure, structureOf } from "./structure.js";

/** Multiply-adds below which packing costs more than it saves. */
export const TILED_MULTIPLY_ADDS = 4096;

/** Rows for which R is read where it lies, if its rows are along vectors and it is not packed once and for all. */
const MOST_ROWS_IN_PLACE = 12;

/**
 * Panels that are packed at once from rows, at most, and elements of a row for which one is enough: long pieces of rows come fast, and few panels
 * do not drive each other out of the cache.
 */
const PANELS_TOGETHER = 4;
const LONG_PIECE = 64;

/** Panels of L for each thread below which threads share the columns instead, each with all of L. */
const FEW_PANELS = 8;

/** Panels that a block of rows may have, however deep: R is read once for each block. */
const LEAST_PANELS = 48;

/**
 * Rule: a sum of products over one axis, each output axis in one operand (a matrix product with operands in either orientation), with
 * whatever elementwise stages follow. After BLIS (Van Zee and van de Geijn, 2015):
 *
 *     pack R into panels of NR columns                                 (once, on threads)
 *     for each block of rows, on threads (few rows: columns on threads): pack L into panels of MR rows
 *       for each panel of R: for each panel of L:
 *         MR × NR sums in registers over the whole fold; then the elementwise stages, and one store
 *
 * Packing turns operands of any orientation into the same panels. MR × NR comes from the number of registers (`registerTile`).
 */
export const matmulRule: ScheduleRule = {
  name: "matmul",
  match(outputs, capabilities, facts) {
    const stages = structureOf(outputs);
    const matmul = stages === null ? null : matmulStructure(stages);
    if (stages === null || matmul === null || multiplyAdds(matmul) < TILED_MULTIPLY_ADDS) return null;
    if (extentOf(matmul.row) < 2 || extentOf(matmul.column) < 2) return null;
    const lanes = lanesOf(capabilities, bitsOf(matmul.stage.tensor.dtype) / 8);
    return {
      knobs: [
        ...tileKnobs(capabilities, lanes, extentOf(matmul.column)),
        { name: "blockRows", candidates: [0, 16, 32, 64, 96, 128] },
      ],
      apply: (values) => {
        const schedule = draftSchedule(outputs);
        tiled(schedule, matmul, stages, capabilities, lanes, values, facts);
        return traceOf(schedule);
      },
    };
  },
};

function tiled(
  schedule: Schedule,
  matmul: MatmulStructure,
  stages: readonly StageStructure[],
  capabilities: Capabilities,
  lanes: number,
  { tileRows: rowsWanted = 4, tileVectors = 2, blockRows = 0 }: KnobValues,
  { constants }: GroupFacts = { constants: new Set() },
): void {
  const { stage, last, left, right, row, column, fold } = matmul;
  const tileRows = evenRows(extentOf(row), rowsWanted);
  const tileColumns = tileVectors * lanes;
  const threaded = worthThreads(capabilities, multiplyAdds(matmul), PARALLEL_MULTIPLY_ADDS);
  for (const before of stages.slice(0, stages.indexOf(stage)))
    if (before.tensor !== left.tensor && before.tensor !== right.tensor) computeInline(schedule, before.tensor);
  const sums = cacheWrite(schedule, stage.tensor, "local");
  const inPlace =
    extentOf(row) <= MOST_ROWS_IN_PLACE &&
    right.reduceDimension === 0 &&
    right.tensor.operation.kind === "Placeholder" &&
    !constants.has(right.tensor);
  const packedRight = inPlace ? null : packed(schedule, right, sums, stages);
  const packedLeft = packed(schedule, left, sums, stages);
  if (stage !== last) computeInline(schedule, stage.tensor);
  for (const between of matmul.between) computeInline(schedule, between.tensor);

  const rowPanels = Math.ceil(extentOf(row) / tileRows);
  const isWide = rowPanels < FEW_PANELS * capabilities.threads && rowPanels < Math.ceil(extentOf(column) / tileColumns);
  const blockThreads = threaded && !isWide ? capabilities.threads : 1;
  const bytesPerPanel = tileRows * extentOf(fold) * (bitsOf(left.tensor.dtype) / 8);
  const block =
    blockRows > 0 ? blockRows : tileRows * panelsPerBlock(rowPanels, bytesPerPanel, blockThreads, capabilities);
  const [i, j] = axesOf(schedule, last.tensor) as readonly [IterVar, IterVar];
  const [blocks, inBlock] = split(schedule, last.tensor, i, { factor: block });
  const [panels, rows] = split(schedule, last.tensor, inBlock, { factor: tileRows });
  const [columnPanels, columns] = split(schedule, last.tensor, j, { factor: tileColumns });
  reorder(schedule, last.tensor, [blocks, columnPanels, panels, rows, columns]);
  if (threaded) parallel(schedule, last.tensor, isWide ? columnPanels : blocks);
  computeAt(schedule, sums, last.tensor, panels);
  tileLoops(schedule, last.tensor, rows, columns, lanes);

  const [sumRows, sumColumns, sumFold] = axesOf(schedule, sums) as readonly [IterVar, IterVar, IterVar];
  reorder(schedule, sums, [sumFold, sumRows, sumColumns]);
  tileLoops(schedule, sums, sumRows, sumColumns, lanes);

  computeAt(schedule, packedLeft, last.tensor, blocks);
  pack(schedule, packedLeft, left, tileRows, lanes, false);
  const shared = threaded && extentOf(column) >= 2 * tileColumns && extentOf(column) * extentOf(fold) >= 16_384;
  if (packedRight !== null) pack(schedule, packedRight, right, tileColumns, lanes, shared);
}

/** An intermediate that only the product reads is computed straight into panels; anything else is copied. */
function packed(schedule: Schedule, operand: Operand, sums: Tensor, stages: readonly StageStructure[]): Tensor {
  const source = stages.find((stage) => stage.tensor === operand.tensor);
  if (source !== undefined && source.reduce === null && !source.isOutput && source.consumers.length === 1)
    return source.tensor;
  return cacheRead(schedule, operand.tensor, "global", [sums]);
}

/** Storage `[outer // width][fold][outer % width]`. Where columns are contiguous, some panels take what they have of one row;
 * where the fold is, blocks of as many rows as columns are transposed in registers. */
function pack(
  schedule: Schedule,
  tensor: Tensor,
  operand: Operand,
  width: number,
  lanes: number,
  threaded: boolean,
): void {
  const { outerDimension, reduceDimension } = operand;
  transformLayout(schedule, tensor, [
    { dimension: outerDimension, divisor: width },
    { dimension: reduceDimension },
    { dimension: outerDimension, modulus: width },
  ]);
  const axes = axesOf(schedule, tensor);
  const [panels, within] = split(schedule, tensor, axes[outerDimension] as IterVar, { factor: width });
  const fold = axes[reduceDimension] as IterVar;
  const contiguous = outerDimension === 1;
  if (contiguous) {
    const together = Math.max(1, Math.min(PANELS_TOGETHER, Math.floor(LONG_PIECE / width)));
    const [groups, group] = split(schedule, tensor, panels, { factor: together });
    reorder(schedule, tensor, [groups, fold, group, within]);
    if (threaded) parallel(schedule, tensor, groups);
  } else if (lanes > 1 && width % lanes === 0 && extentOf(fold) >= lanes) {
    const [blocks, element] = split(schedule, tensor, fold, { factor: lanes });
    const [copies, vector] = split(schedule, tensor, within, { factor: lanes });
    reorder(schedule, tensor, [panels, blocks, copies, element, vector]);
    if (threaded) parallel(schedule, tensor, panels);
    unroll(schedule, tensor, copies);
    unroll(schedule, tensor, element);
    vectorize(schedule, tensor, vector);
    return;
  } else {
    reorder(schedule, tensor, [panels, fold, within]);
    if (threaded) parallel(schedule, tensor, panels);
  }
  if (contiguous && width % lanes === 0 && lanes > 1) {
    const [copies, vector] = split(schedule, tensor, within, { factor: lanes });
    unroll(schedule, tensor, copies);
    vectorize(schedule, tensor, vector);
  } else unroll(schedule, tensor, within);
}

/** Rows and vectors of a tile without loops. */
export function tileLoops(schedule: Schedule, tensor: Tensor, rows: IterVar, columns: IterVar, lanes: number): void {
  unroll(schedule, tensor, rows);
  const [vectors, lane] = split(schedule, tensor, columns, { factor: lanes });
  unroll(schedule, tensor, vectors);
  if (lanes > 1) vectorize(schedule, tensor, lane);
}

/** Panels of L: so many that R is read seldom, or as many as fill half of the thread's own cache. */
function panelsPerBlock(panels: number, bytesPerPanel: number, threads: number, capabilities: Capabilities): number {
  const inCache = Math.floor(privateCacheBytes(capabilities) / 2 / bytesPerPanel);
  return evenBlocks(panels, Math.max(LEAST_PANELS, inCache), threads);
}
