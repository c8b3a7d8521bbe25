import {
  type Compute,
  type Expr,
  type IterVar,
  isConst,
  type Read,
  type Reduce,
  type Tensor,
  type Var,
  visit,
} from "@tilewright/ir";

/** One computed tensor of a group, with what rules ask of it. Placeholders and extern operations have no node. */
export interface StageStructure {
  readonly tensor: Tensor;
  readonly operation: Compute;
  readonly reads: readonly Read[];
  /** Null when the stage is no reduction. */
  readonly reduce: Reduce | null;
  /** Stages that read this one. */
  readonly consumers: readonly StageStructure[];
  readonly isOutput: boolean;
}

/** The computes that the outputs depend on, producers first; null when the group holds a scan, an extern, several outputs of one loop
 * nest or a symbolic shape, which no default rule schedules. */
export function structureOf(outputs: readonly Tensor[]): readonly StageStructure[] | null {
  const order: Tensor[] = [];
  const entered = new Set<Tensor>();
  const stack: { readonly tensor: Tensor; readonly leaving: boolean }[] = [...outputs]
    .reverse()
    .map((tensor) => ({ tensor, leaving: false }));
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { tensor, leaving } = top;
    if (leaving) {
      order.push(tensor);
      continue;
    }
    if (entered.has(tensor)) continue;
    entered.add(tensor);
    const { operation } = tensor;
    if (operation.kind === "Placeholder") continue;
    if (
      operation.kind !== "Compute" ||
      operation.bodies.length !== 1 ||
      !tensor.shape.every((extent) => isConst(extent))
    )
      return null;
    stack.push({ tensor, leaving: true });
    for (const read of [...readsOf(operation.bodies[0] as Expr)].reverse())
      stack.push({ tensor: read.tensor, leaving: false });
  }
  return linked(order, new Set(outputs));
}

function linked(order: readonly Tensor[], outputs: ReadonlySet<Tensor>): readonly StageStructure[] {
  const stages = order.map((tensor) => {
    const operation = tensor.operation as Compute;
    const body = operation.bodies[0] as Expr;
    const consumers: StageStructure[] = [];
    return {
      tensor,
      operation,
      reads: readsOf(body),
      reduce: body.kind === "Reduce" ? body : null,
      consumers,
      isOutput: outputs.has(tensor),
    };
  });
  const byTensor = new Map(stages.map((stage) => [stage.tensor, stage]));
  for (const stage of stages)
    for (const source of new Set(stage.reads.map((read) => byTensor.get(read.tensor)))) source?.consumers.push(stage);
  return stages;
}

/** Every read of an expression. */
export function readsOf(expr: Expr): readonly Read[] {
  const reads: Read[] = [];
  visit(expr, { Read: (read) => void reads.push(read) });
  return reads;
}

/** Variables that an expression depends on. */
export function variablesIn(expr: Expr): ReadonlySet<Var> {
  const found = new Set<Var>();
  visit(expr, { Var: (node) => void found.add(node) });
  return found;
}

export function extentOf(axis: IterVar): number {
  return isConst(axis.extent) ? Number(axis.extent.value) : 0;
}

/** Elements of a tensor. */
export function elementsOf(tensor: Tensor): number {
  return tensor.shape.reduce((product, extent) => product * (isConst(extent) ? Number(extent.value) : 1), 1);
}

/** Multiply-adds, or elements, that a stage computes. */
export function workOf(stage: StageStructure): number {
  return (stage.reduce?.axes ?? []).reduce((product, axis) => product * extentOf(axis), elementsOf(stage.tensor));
}

/** True when `read` takes its tensor exactly at the axes of the reader, in order. */
export function isPointwise(read: Read, axes: readonly IterVar[]): boolean {
  return read.indices.length === axes.length && read.indices.every((index, dimension) => index === axes[dimension]?.variable) &&
    read.tensor.shape.every((extent, dimension) => Number((extent as { value?: number }).value) === extentOf(axes[dimension] as IterVar)); // biome-ignore format: one condition
}

/** Nodes of an expression that inlining may make before it is no longer worth it. */
const INLINE_NODES = 400;

/** Of stages, those that can be inlined without the expression of any stage outgrowing its use: reads multiply along a chain. */
export function inlinable(
  stages: readonly StageStructure[],
  may: (stage: StageStructure) => boolean,
): ReadonlySet<StageStructure> {
  const sizes = new Map<Tensor, number>();
  const chosen = new Set<StageStructure>();
  for (const stage of stages) {
    const own = 8 + stage.reads.length;
    const size = stage.reads.reduce((total, read) => total + (sizes.get(read.tensor) ?? 0), own);
    const uses = stage.consumers.reduce((most, reader) => Math.max(most, readsFrom(reader, stage.tensor)), 1);
    if (!may(stage) || size * uses > INLINE_NODES) continue;
    chosen.add(stage);
    sizes.set(stage.tensor, size);
  }
  return chosen;
}

function readsFrom(reader: StageStructure, tensor: Tensor): number {
  return reader.reads.filter((read) => read.tensor === tensor).length;
}
