import { type Capabilities, lanesOf, type ScheduleRule } from "@tilewright/backend";
import { bitsOf, type IterVar, type Tensor } from "@tilewright/ir";
import {
  axesOf, bind, cacheRead, cacheWrite, computeAt, computeInline, createSchedule, fuse, reorder, type Schedule, setScope, split, traceOf, unroll,
  vectorize,
} from "@tilewright/schedule"; // biome-ignore format: a list
import { type Product, productOf } from "./product.js";
import { extentOf, inlineCheap, type Stage, stagesOf } from "./stages.js";

/**
 * Rule: a matrix product with what follows it, tiled twice (after the SGEMM of the CUTLASS documentation):
 *
 *     each block: a tile of `rows · tileRows` by `columns · tileColumns` elements
 *       for each step of the fold: all threads fill tiles of both operands in shared memory
 *         each thread: `tileRows` by `tileColumns` sums in registers
 */
export const matmulRule: ScheduleRule = {
  name: "cuda-matmul",
  match(outputs, capabilities) {
    const stages = stagesOf(outputs);
    const product = stages === null ? null : productOf(stages);
    if (stages === null || product === null || capabilities.launch === null) return null;
    const axes = product.stage.operation.axes.slice(-2);
    if (axes.some((axis) => extentOf(axis) < 2) || !fits(product.stage.tensor, capabilities)) return null;
    return {
      knobs: [
        { name: "threadsPerSide", candidates: [16, 8, 4] },
        { name: "tile", candidates: [4, 2, 8, 1] },
        { name: "step", candidates: [8, 16, 4] },
      ],
      apply: ({ threadsPerSide = 16, tile = 4, step = 8 }) => {
        const schedule = createSchedule(outputs);
        const vector = lanesOf(capabilities, bitsOf(product.last.tensor.dtype) / 8);
        const lanes = tile % vector === 0 && axes.every((axis) => extentOf(axis) % tile === 0) ? vector : 1;
        tiled(schedule, product, stages, { threadsPerSide, tile, step, lanes });
        return traceOf(schedule);
      },
    };
  },
};

/** The largest tiles of the knobs, in shared memory. */
function fits({ dtype }: Tensor, { memory }: Capabilities): boolean {
  const bytes = (2 * (16 * 8 * 16 * bitsOf(dtype))) / 8;
  return memory.shared !== undefined && bytes <= (memory.shared.maxBytes ?? bytes);
}

interface Tiles {
  readonly threadsPerSide: number;
  readonly tile: number;
  readonly step: number;
  /** Of the vectors that move and add columns; 1: none. */
  readonly lanes: number;
}

function tiled(schedule: Schedule, product: Product, stages: readonly Stage[], tiles: Tiles): void {
  const { stage, last, operands } = product;
  const sums = cacheWrite(schedule, stage.tensor, "local");
  inlineCheap(
    schedule,
    stages,
    stages.filter(({ tensor }) => operands.includes(tensor)),
  );
  if (stage !== last) computeInline(schedule, stage.tensor);
  computeAt(schedule, sums, last.tensor, blocksAndThreads(schedule, last.tensor, tiles));
  const axes = axesOf(schedule, sums);
  const data = axes.filter(({ iterKind }) => iterKind === "data");
  const fold = axes.find(({ iterKind }) => iterKind === "reduce") as IterVar;
  const [steps, within] = split(schedule, sums, fold, { factor: tiles.step });
  reorder(schedule, sums, [steps, within, ...data]);
  inRegisters(schedule, sums, data.slice(-2), tiles.lanes);
  operands.forEach((operand, side) => {
    const shared = inShared(schedule, operand, stages, sums);
    fillTogether(schedule, shared, tiles);
    computeAt(schedule, shared, sums, steps);
    const own = cacheRead(schedule, shared, "local", [sums]);
    computeAt(schedule, own, sums, within);
    inRegisters(schedule, own, axesOf(schedule, own), side === 1 && product.columnsAreNeighbours ? tiles.lanes : 1);
  });
}

/** The loops of the output as tiles of blocks, and of threads; returns the innermost loop over threads. */
function blocksAndThreads(schedule: Schedule, tensor: Tensor, { threadsPerSide, tile, lanes }: Tiles): IterVar {
  const axes = axesOf(schedule, tensor);
  const batches = axes.slice(0, -2);
  const [i, j] = axes.slice(-2) as [IterVar, IterVar];
  const [blockRow, inRow] = split(schedule, tensor, i, { factor: threadsPerSide * tile });
  const [threadRow, row] = split(schedule, tensor, inRow, { factor: tile });
  const [blockColumn, inColumn] = split(schedule, tensor, j, { factor: threadsPerSide * tile });
  const [threadColumn, column] = split(schedule, tensor, inColumn, { factor: tile });
  reorder(schedule, tensor, [...batches, blockRow, blockColumn, threadRow, threadColumn, row, column]);
  if (batches.length > 0) {
    const batch = batches.reduce((outer, inner) => fuse(schedule, tensor, outer, inner));
    bind(schedule, tensor, batch, "blockIdx.z");
  }
  bind(schedule, tensor, blockRow, "blockIdx.y");
  bind(schedule, tensor, blockColumn, "blockIdx.x");
  bind(schedule, tensor, threadRow, "threadIdx.y");
  bind(schedule, tensor, threadColumn, "threadIdx.x");
  inRegisters(schedule, tensor, [row, column], lanes);
  return threadColumn;
}

/** Small loops without a trace: copies of their body, and vectors of the innermost one. */
function inRegisters(schedule: Schedule, tensor: Tensor, axes: readonly IterVar[], lanes: number): void {
  const innermost = axes.at(-1);
  for (const axis of axes) if (axis !== innermost || lanes === 1) unroll(schedule, tensor, axis);
  if (innermost === undefined || lanes === 1) return;
  const [vectors, lane] = split(schedule, tensor, innermost, { factor: lanes });
  unroll(schedule, tensor, vectors);
  vectorize(schedule, tensor, lane);
}

/** The elements in one line, dealt out to the threads of the block: neighbours to neighbours. */
function fillTogether(schedule: Schedule, tensor: Tensor, { threadsPerSide }: Tiles): void {
  const line = axesOf(schedule, tensor).reduce((outer, inner) => fuse(schedule, tensor, outer, inner));
  const [, threads] = split(schedule, tensor, line, { factor: threadsPerSide ** 2 });
  const [y, x] = split(schedule, tensor, threads, { factor: threadsPerSide });
  bind(schedule, tensor, y, "threadIdx.y");
  bind(schedule, tensor, x, "threadIdx.x");
}

/** An intermediate is computed straight into shared memory; anything else is copied. */
function inShared(schedule: Schedule, operand: Tensor, stages: readonly Stage[], sums: Tensor): Tensor {
  if (!stages.some(({ tensor }) => tensor === operand)) return cacheRead(schedule, operand, "shared", [sums]);
  setScope(schedule, operand, "shared");
  return operand;
}
