import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Expr, type IterVar, type Tensor, visit } from "@tilewright/ir";
import { unknownAxis, unknownStage } from "./errors.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";

/** The stage of a tensor. @throws CompileError SCH103 */
export function stageOf(schedule: Schedule, tensor: TensorLike, span: Span): Stage {
  const found = findStage(schedule, tensor);
  if (found === undefined) {
    const name = typeof tensor === "string" ? tensor : String(tensor?.name);
    const known = schedule.stages.map((stage) => stage.name);
    throw new CompileError(unknownStage(name, known, span));
  }
  return found;
}

/** The stage of a tensor, or undefined. */
export function findStage(schedule: Schedule, tensor: TensorLike): Stage | undefined {
  if (typeof tensor === "string") return schedule.stages.find((stage) => stage.name === tensor);
  return schedule.stages.find((stage) => ownTensor(stage, tensor) !== undefined);
}

/** The tensor by which readers know an output of a stage: another handle of the same output stands for it too. */
export function ownTensor(stage: Stage, tensor: Tensor): Tensor | undefined {
  return stage.tensors.find(
    (own) => own === tensor || (own.operation === tensor?.operation && own.outputIndex === tensor?.outputIndex),
  );
}

/** The loop of a stage. @throws CompileError SCH104 */
export function leafOf(schedule: Schedule, stage: Stage, axis: AxisLike, span: Span): IterVar {
  const found = stage.leaves.find((leaf) => leaf === axis || leaf.name === axis);
  if (found === undefined) {
    const name = typeof axis === "string" ? axis : String(axis?.name);
    throw new CompileError(
      unknownAxis(
        name,
        stage.name,
        stage.leaves.map((leaf) => leaf.name),
        whyNoLeaf(schedule, stage, axis),
        span,
      ),
    );
  }
  return found;
}

function whyNoLeaf(schedule: Schedule, stage: Stage, axis: AxisLike): string {
  const same = (candidate: IterVar): boolean => candidate === axis || candidate.name === axis;
  for (const relation of stage.relations) {
    if (relation.kind === "split" && same(relation.parent))
      return `it was split into ${relation.outer.name} and ${relation.inner.name}`;
    if (relation.kind === "fuse" && (same(relation.outer) || same(relation.inner)))
      return `it was fused into ${relation.fused.name}`;
  }
  const owner = schedule.stages.find((other) => other !== stage && other.leaves.includes(axis as IterVar));
  return owner === undefined ? "there is no such axis" : `it is an axis of ${owner.name}`;
}

/** Tensors that an expression reads, each once, in order. */
export function tensorsRead(expr: Expr): readonly Tensor[] {
  const found = new Set<Tensor>();
  visit(expr, { Read: (read) => void found.add(read.tensor) });
  return [...found];
}

/** Tensors that a stage reads. */
export function inputsOf(stage: Stage): readonly Tensor[] {
  if (stage.operation.kind === "Extern") return stage.operation.inputs;
  const found = new Set<Tensor>(stage.operation.kind === "Scan" ? stage.operation.initial : []);
  for (const body of stage.bodies) for (const tensor of tensorsRead(body)) found.add(tensor);
  return [...found];
}

/** Stages that read a stage, in topological order. */
export function consumersOf(schedule: Schedule, stage: Stage): readonly Stage[] {
  return schedule.stages.filter((other) => inputsOf(other).some((tensor) => stage.tensors.includes(tensor)));
}

/** Whether `reader`, a later stage, reads `producer`, itself or through other stages. (The step of a scan reads the scan, and is earlier.) */
export function readsThrough(schedule: Schedule, reader: Stage, producer: Stage): boolean {
  if (schedule.stages.indexOf(reader) < schedule.stages.indexOf(producer)) return false;
  const owner = new Map(schedule.stages.flatMap((stage) => stage.tensors.map((tensor) => [tensor, stage] as const)));
  const reached = new Set<Stage>([reader]);
  for (const stage of reached) {
    for (const tensor of inputsOf(stage)) {
      const source = owner.get(tensor);
      if (source === producer) return true;
      if (source !== undefined) reached.add(source);
    }
  }
  return false;
}

/** A name that `taken` does not hold: `name`, `name.1`, `name.2`, … */
export function uniqueName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 1;
  while (taken.has(`${name}.${number}`)) number++;
  return `${name}.${number}`;
}

/** Every axis name that a stage has used. */
export function axisNames(stage: Stage): ReadonlySet<string> {
  const names = new Set([...stage.axes, ...stage.reduceAxes, ...stage.leaves].map((axis) => axis.name));
  for (const relation of stage.relations) {
    for (const axis of relation.kind === "split"
      ? [relation.parent, relation.outer, relation.inner]
      : [relation.outer, relation.inner, relation.fused]) {
      names.add(axis.name);
    }
  }
  return names;
}
