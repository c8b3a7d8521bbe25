// What rules ask of a group of tensor expressions: its computed tensors, what they read, and who reads them.
import {
  type Compute,
  type Expr,
  type IterVar,
  isConst,
  operationsOf,
  type Read,
  type Reduce,
  type Tensor,
  visit,
} from "@tilewright/ir";
import { computeInline, type Schedule } from "@tilewright/schedule";

export interface Stage {
  readonly tensor: Tensor;
  readonly operation: Compute;
  /** Null where the stage folds nothing. */
  readonly reduce: Reduce | null;
  readonly reads: readonly Read[];
  readonly readers: readonly Stage[];
  readonly isOutput: boolean;
}

/** Computes, producers first; null for a group with something else in it, or with shapes that are not known. */
export function stagesOf(outputs: readonly Tensor[]): readonly Stage[] | null {
  const stages = new Map<Tensor, Stage & { readonly readers: Stage[] }>();
  const { operations, tensors } = operationsOf(outputs);
  for (const operation of operations) {
    if (operation.kind === "Placeholder") continue;
    const [tensor, ...others] = tensors.get(operation) ?? [];
    const isPlain = operation.kind === "Compute" && operation.bodies.length === 1 && others.length === 0;
    if (tensor === undefined || !isPlain || !tensor.shape.every((extent) => isConst(extent))) return null;
    const [body] = operation.bodies;
    const reads: Read[] = [];
    visit(body as Expr, { Read: (read) => void reads.push(read) });
    const reduce = body?.kind === "Reduce" ? body : null;
    const stage = { tensor, operation, reduce, reads, readers: [], isOutput: outputs.includes(tensor) };
    stages.set(tensor, stage);
    for (const source of new Set(reads.map((read) => stages.get(read.tensor)))) source?.readers.push(stage);
  }
  return [...stages.values()];
}

export const extentOf = ({ extent }: IterVar): number => (isConst(extent) ? Number(extent.value) : 0);

export const elementsOf = ({ shape }: Tensor): number =>
  shape.reduce((count, extent) => count * (isConst(extent) ? Number(extent.value) : 0), 1);

/** True when the stage reads every tensor exactly where it writes. */
export function isPointwise({ operation, reads }: Stage): boolean {
  return reads.every(
    ({ tensor, indices }) =>
      indices.length === operation.axes.length &&
      indices.every((index, dimension) => {
        const axis = operation.axes[dimension];
        const extent = tensor.shape[dimension];
        return axis !== undefined && extent !== undefined && index === axis.variable && isConst(extent, extentOf(axis));
      }),
  );
}

/** Reads that an expression may grow to by inlining. */
const MOST_READS = 64;

/** Inlines what folds nothing and is no output, as long as no expression outgrows its use. Returns the stages that stay. */
export function inlineCheap(
  schedule: Schedule,
  stages: readonly Stage[],
  kept: readonly Stage[] = [],
): readonly Stage[] {
  const sizes = new Map<Tensor, number>();
  const staying: Stage[] = [];
  for (const stage of stages) {
    const size = stage.reads.reduce((sum, read) => sum + (sizes.get(read.tensor) ?? 1), 0);
    const mayGo = stage.reduce === null && !stage.isOutput && !kept.includes(stage) && size <= MOST_READS;
    if (!mayGo) staying.push(stage);
    else {
      computeInline(schedule, stage.tensor);
      sizes.set(stage.tensor, size);
    }
  }
  return staying;
}
