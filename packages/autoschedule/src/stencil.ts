import type { Capabilities, KnobValues, ScheduleRule } from "@tilewright/backend";
import type { IterVar } from "@tilewright/ir";
import {
  axesOf, cacheWrite, computeAt, computeInline, draftSchedule, fuse, parallel, reorder, type Schedule, split, traceOf, unroll,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { scheduleSources } from "./border.js";
import { type Epilogue, epilogueOf } from "./epilogue.js";
import { lanesWithin, PARALLEL_ELEMENTS, worthThreads } from "./limits.js";
import { tileLoops } from "./matmul.js";
import { extentOf, type StageStructure, structureOf, variablesIn, workOf } from "./structure.js";

/** Elements of a window, at most; it is written out. */
export const MOST_TAPS = 49;
/** Terms of a tile, at most, for code of moderate size. */
const MOST_TERMS = 200;

interface Stencil extends Epilogue {
  readonly stage: StageStructure;
  readonly taps: number;
}

/**
 * Rule: a fold over a small window around each element: depthwise convolutions, pooling. Without loops over the window, for a tile of rows and one
 * vector of columns, whose rows share what they load:
 *
 *     for each plane, on threads where there are enough: store its border
 *       for each tile of MR rows × one vector: MR folds in registers; then the elementwise stages, and one store
 */
export const stencilRule: ScheduleRule = {
  name: "stencil",
  match(outputs, capabilities) {
    const stages = structureOf(outputs);
    const stencil = stages === null ? null : stencilStructure(stages);
    if (stencil === null) return null;
    const columns = extentOf(stencil.stage.operation.axes.at(-1) as IterVar);
    const lanes = lanesWithin(capabilities, stencil.stage.tensor.dtype, columns);
    if (columns < lanes) return null;
    const rows = Math.max(1, Math.min(4, Math.floor(MOST_TERMS / stencil.taps)));
    return {
      knobs: [
        { name: "tileRows", candidates: [rows, ...[1, 2, 4, 7].filter((each) => each !== rows)] },
        { name: "tileVectors", candidates: [1, 2] },
      ],
      apply: (values) => {
        const schedule = draftSchedule(outputs);
        scheduleStencil(schedule, stencil, capabilities, lanes, values);
        return traceOf(schedule);
      },
    };
  },
};

function stencilStructure(stages: readonly StageStructure[]): Stencil | null {
  const [stage, ...others] = stages.filter(({ reduce }) => reduce !== null);
  if (stage?.reduce == null || others.length > 0 || stage.operation.axes.length < 2) return null;
  const { axes, condition, sources } = stage.reduce;
  const taps = axes.reduce((product, axis) => product * extentOf(axis), 1);
  if (condition !== null || sources.length !== 1 || taps < 2 || taps > MOST_TAPS) return null;
  const columns = stage.operation.axes.at(-1) as IterVar;
  const slides = stage.reads.some(({ indices }) => {
    const used = indices.at(-1) === undefined ? null : variablesIn(indices.at(-1) as (typeof indices)[number]);
    return used?.has(columns.variable) === true && axes.some(({ variable }) => used.has(variable));
  });
  const epilogue = slides ? epilogueOf(stages, stage) : null;
  return epilogue === null ? null : { ...epilogue, stage, taps };
}

function scheduleStencil(
  schedule: Schedule,
  { stage, before, between, last }: Stencil,
  capabilities: Capabilities,
  lanes: number,
  { tileRows = 4, tileVectors = 1 }: KnobValues,
): void {
  const sums = cacheWrite(schedule, stage.tensor, "local");
  const borders = scheduleSources(schedule, before, lanes);
  if (stage !== last) computeInline(schedule, stage.tensor);
  for (const other of between) computeInline(schedule, other.tensor);

  const axes = axesOf(schedule, last.tensor);
  const [planes, y, x] = [axes.slice(0, -2), axes.at(-2) as IterVar, axes.at(-1) as IterVar];
  const [rowTiles, rows] = split(schedule, last.tensor, y, { factor: Math.min(tileRows, extentOf(y)) });
  const [columnTiles, columns] = split(schedule, last.tensor, x, { factor: tileVectors * lanes });
  reorder(schedule, last.tensor, [...planes, rowTiles, columnTiles, rows, columns]);
  computeAt(schedule, sums, last.tensor, columnTiles);
  tileLoops(schedule, last.tensor, rows, columns, lanes);

  const own = axesOf(schedule, sums);
  const [sumRows, sumColumns] = own.slice(planes.length, planes.length + 2) as [IterVar, IterVar];
  const folds = own.slice(planes.length + 2);
  reorder(schedule, sums, [...own.slice(0, planes.length), ...folds, sumRows, sumColumns]);
  for (const fold of folds) unroll(schedule, sums, fold);
  tileLoops(schedule, sums, sumRows, sumColumns, lanes);

  const plane = planes.length > 1 ? fuse(schedule, last.tensor, ...planes) : planes[0];
  if (plane !== undefined) for (const border of borders) computeAt(schedule, border.tensor, last.tensor, plane);
  if (!worthThreads(capabilities, workOf(stage), PARALLEL_ELEMENTS)) return;
  const count = planes.reduce((product, axis) => product * extentOf(axis), 1);
  parallel(schedule, last.tensor, plane !== undefined && count >= capabilities.threads ? plane : rowTiles);
}
