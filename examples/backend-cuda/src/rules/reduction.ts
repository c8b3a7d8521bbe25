import type { Capabilities, ScheduleRule } from "@tilewright/backend";
import { type IterVar, isFloat, REASSOCIATE } from "@tilewright/ir";
import {
  axesOf,
  bind,
  cacheWrite,
  computeAt,
  createSchedule,
  fuse,
  rfactor,
  type Schedule,
  setScope,
  split,
  traceOf,
} from "@tilewright/schedule";
import { threadForElements, vectorLanes } from "./elementwise.js";
import { elementsOf, extentOf, inlineCheap, type Stage, stagesOf } from "./stages.js";

/** Rows below which a thread for each leaves most of a GPU idle. */
const FEW_ROWS = 4096;

/**
 * Rule: any group with reductions, each stage a launch. Many rows, or short ones: a thread folds a row. Few long ones: a block does, each
 * of its threads a part of the row into shared memory, and one thread the parts.
 */
export const reductionRule: ScheduleRule = {
  name: "cuda-reduction",
  match(outputs, capabilities) {
    const stages = stagesOf(outputs);
    if (stages === null || capabilities.launch === null || stages.every(({ reduce }) => reduce === null)) return null;
    return {
      knobs: [
        { name: "threads", candidates: [256, 128, 512, 64] },
        { name: "foldThreads", candidates: [128, 64, 32, 256] },
      ],
      apply: ({ threads = 256, foldThreads = 128 }) => {
        const schedule = createSchedule(outputs);
        for (const stage of inlineCheap(schedule, stages))
          if (blockFoldsRow(stage, capabilities, foldThreads)) blockForRow(schedule, stage, foldThreads);
          else if (stage.reduce !== null) threadForRow(schedule, stage, threads);
          else threadForElements(schedule, stage, vectorLanes(stage, capabilities), threads);
        return traceOf(schedule);
      },
    };
  },
};

/** Few long rows, of values that may be folded in another order, with room for the parts. */
function blockFoldsRow({ tensor, reduce }: Stage, { memory }: Capabilities, threads: number): boolean {
  if (reduce === null || memory.shared === undefined || reduce.combiner.results.length !== 1) return false;
  if (isFloat(tensor.dtype) && (reduce.fast & REASSOCIATE) === 0) return false;
  const length = reduce.axes.reduce((product, axis) => product * extentOf(axis), 1);
  return elementsOf(tensor) < FEW_ROWS && length >= 2 * threads;
}

/** The fold stays in a register. */
function threadForRow(schedule: Schedule, stage: Stage, threads: number): void {
  const folded = cacheWrite(schedule, stage.tensor, "local");
  const thread = threadForElements(schedule, stage, 1, threads);
  if (thread !== null) computeAt(schedule, folded, stage.tensor, thread);
}

function blockForRow(schedule: Schedule, { tensor }: Stage, threads: number): void {
  const fuseAll = (axes: readonly IterVar[]): IterVar =>
    axes.reduce((outer, inner) => fuse(schedule, tensor, outer, inner));
  const axes = axesOf(schedule, tensor);
  const rows = axes.filter(({ iterKind }) => iterKind === "data");
  const row = rows.length === 0 ? null : fuseAll(rows);
  const fold = fuseAll(axes.filter(({ iterKind }) => iterKind === "reduce"));
  const [, part] = split(schedule, tensor, fold, { factor: threads }); // neighbours go to neighbouring threads
  const parts = rfactor(schedule, tensor, part);
  setScope(schedule, parts, "shared");
  if (row !== null) {
    bind(schedule, tensor, row, "blockIdx.x");
    computeAt(schedule, parts, tensor, row);
  }
  const [first] = axesOf(schedule, parts);
  if (first !== undefined) bind(schedule, parts, first, "threadIdx.x");
}
