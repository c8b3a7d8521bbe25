import { type Capabilities, lanesOf, type ScheduleRule } from "@tilewright/backend";
import { bitsOf, type IterVar, type Tensor, visit } from "@tilewright/ir";
import {
  axesOf,
  computeAt,
  computeInline,
  draftSchedule,
  parallel,
  reorder,
  type Schedule,
  split,
  traceOf,
  unroll,
  vectorize,
} from "@tilewright/schedule";
import { lanesWithin, PARALLEL_ELEMENTS, privateCacheBytes, worthThreads } from "./limits.js";
import { foldRows, rowFoldWidth } from "./row-fold.js";
import { extentOf, inlinable, type StageStructure, structureOf, workOf } from "./structure.js";

/** Rows that a fold across long rows adds up at once. */
const ROWS_TOGETHER = 8;
/** Elements of a long row: a page. */
const LONG_ROW = 1024;

/**
 * Rule: any other group with reductions. Cheap intermediates are inlined. A stage whose readers all take it at their own first axis is
 * computed there, row by row (softmax: maximum, exponentials and sum of a row while the row is in cache). The rest is computed at the
 * root. Loops: data axes, then reductions, then the innermost data axis as vectors, its sums in registers. Across long rows some rows are folded at
 * a time, from end to end: data axes, then blocks of rows, then vectors.
 */
export const reductionRule: ScheduleRule = {
  name: "reduction",
  match(outputs, capabilities) {
    const stages = structureOf(outputs);
    if (stages === null || stages.every((stage) => stage.reduce === null)) return null;
    return {
      knobs: [{ name: "vectors", candidates: [4, 2, 1] }],
      apply: ({ vectors = 4 }) => {
        const schedule = draftSchedule(outputs);
        const inlined = inlinable(stages, isCheap);
        for (const stage of inlined) computeInline(schedule, stage.tensor);
        const owners = rowOwners(stages, inlined);
        for (const stage of stages)
          if (!inlined.has(stage)) stageLoops(schedule, stage, owners.get(stage) ?? stage, capabilities, vectors);
        for (const stage of [...stages].reverse()) {
          const owner = owners.get(stage);
          if (owner !== undefined && owner !== stage && !inlined.has(stage))
            computeAt(schedule, stage.tensor, owner.tensor, outermost(schedule, owner.tensor));
        }
        return traceOf(schedule);
      },
    };
  },
};

/** No reduction, and no mathematical function unless it is read once and not inside a fold over other axes. */
export function isCheap(stage: StageStructure): boolean {
  if (stage.isOutput || stage.reduce !== null) return false;
  let functions = 0;
  visit(stage.operation.bodies[0] as Parameters<typeof visit>[0], {
    Unary: ({ op }) => {
      if (op !== "neg" && op !== "abs" && op !== "not") functions++;
    },
    Binary: ({ op }) => {
      if (op === "pow" || op === "div") functions++;
    },
  });
  return functions === 0 || (stage.consumers.length === 1 && stage.consumers[0]?.reduce === null);
}

/** For each stage that is not inlined the stage in whose outermost loop it can be computed; itself, when it stands at the root. */
function rowOwners(
  stages: readonly StageStructure[],
  inlined: ReadonlySet<StageStructure>,
): Map<StageStructure, StageStructure> {
  const owners = new Map<StageStructure, StageStructure>();
  for (const stage of [...stages].reverse()) {
    const readers = stage.consumers;
    const byRow =
      !stage.isOutput &&
      stage.operation.axes.length > 0 &&
      readers.length > 0 &&
      readers.every((reader) => readsByRow(reader, stage.tensor));
    const candidates = new Set(readers.map((reader) => owners.get(reader)));
    const [owner] = candidates;
    const rows = stage.operation.axes[0];
    const agrees =
      owner !== undefined &&
      rows !== undefined &&
      owner.operation.axes[0] !== undefined &&
      extentOf(owner.operation.axes[0]) === extentOf(rows);
    owners.set(
      stage,
      byRow && candidates.size === 1 && agrees && owner !== undefined && !inlined.has(owner) ? owner : stage,
    );
  }
  return owners;
}

function readsByRow(reader: StageStructure, tensor: Tensor): boolean {
  const [first] = reader.operation.axes;
  return (
    first !== undefined && reader.reads.every((read) => read.tensor !== tensor || read.indices[0] === first.variable)
  );
}

function outermost(schedule: Schedule, tensor: Tensor): IterVar {
  return axesOf(schedule, tensor)[0] as IterVar;
}

function stageLoops(
  schedule: Schedule,
  stage: StageStructure,
  owner: StageStructure,
  capabilities: Capabilities,
  vectors: number,
): void {
  const { tensor } = stage;
  const data = axesOf(schedule, tensor).filter((axis) => axis.iterKind === "data");
  const folds = axesOf(schedule, tensor).filter((axis) => axis.iterKind === "reduce");
  const innermost = data.at(-1);
  const attached = owner !== stage;
  const isRowLoop = data.length === 1 && (attached || ownsRows(stage));
  const width = rowFoldWidth(stage, capabilities);
  if (width > 0) foldRows(schedule, stage, width, lanesOf(capabilities, bitsOf(tensor.dtype) / 8));
  const lanes = innermost === undefined ? 1 : lanesWithin(capabilities, tensor.dtype, extentOf(innermost));
  if (width === 0 && innermost !== undefined && lanes > 1 && extentOf(innermost) >= lanes && !isRowLoop) {
    const wide = Math.max(1, Math.min(vectors, Math.floor(extentOf(innermost) / lanes)));
    const [outer, within] = split(schedule, tensor, innermost, { factor: lanes * wide });
    const [fold, ...others] = folds;
    if (fold !== undefined && others.length === 0 && isLong(stage, fold, innermost, capabilities)) {
      const [rows, few] = split(schedule, tensor, fold, { factor: ROWS_TOGETHER });
      const [parts, part] = split(schedule, tensor, outer, {
        factor: Math.ceil(extentOf(innermost) / (lanes * wide) / Math.max(1, capabilities.threads)),
      });
      reorder(schedule, tensor, [...data.slice(0, -1), parts, rows, part, few, within]);
    } else reorder(schedule, tensor, [...data.slice(0, -1), outer, ...folds, within]);
    const [copies, lane] = split(schedule, tensor, within, { factor: lanes });
    unroll(schedule, tensor, copies);
    vectorize(schedule, tensor, lane);
  }
  const first = axesOf(schedule, tensor).find((axis) => axis.iterKind !== "data" || extentOf(axis) > 1);
  if (
    !attached &&
    first !== undefined &&
    first.iterKind === "data" &&
    worthThreads(capabilities, workOf(stage), PARALLEL_ELEMENTS)
  )
    parallel(schedule, tensor, first);
}

/** A fold across long rows of more than a cache: rows are read from end to end, some at a time, and the results stay in the cache meanwhile. */
function isLong({ tensor }: StageStructure, fold: IterVar, row: IterVar, capabilities: Capabilities): boolean {
  const bytes = extentOf(fold) * extentOf(row) * (bitsOf(tensor.dtype) / 8);
  return extentOf(fold) >= 2 * ROWS_TOGETHER && extentOf(row) >= LONG_ROW && bytes > privateCacheBytes(capabilities);
}

/** A fold along the rows of what it reads: its one axis is the row, and its lanes would be far apart in memory. */
function ownsRows(stage: StageStructure): boolean {
  const [row] = stage.operation.axes;
  return row !== undefined && stage.reads.some((read) => read.indices.length > 1 && read.indices[0] === row.variable);
}
