import type { Span } from "@tilewright/diagnostics";
import {
  type Compute, type Expr, type IterKind, type IterVar, int, type Read, type Scope, type Tensor, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { uniqueName } from "./lookup.js";
import type { Attachment, Schedule, Stage } from "./schedule.js";
import { createStage } from "./stage.js";

interface NewStage {
  readonly name: string;
  /** Names of the outputs; the stage's own unless told. */
  readonly outputs?: readonly string[];
  /** Data axes, which give the shape. */
  readonly axes: readonly IterVar[];
  readonly reduceAxes?: readonly IterVar[];
  /** One for each output. */
  readonly bodies: readonly Expr[];
  readonly scope?: Scope;
  readonly attachment?: Attachment;
  readonly span: Span;
}

/** A stage that a primitive makes: an operation of its own, with its tensors. */
export function computeStage(parts: NewStage): Stage {
  const { name, outputs = [], axes, reduceAxes = [], bodies, span, scope = "global" } = parts;
  const operation: Compute = { kind: "Compute", span, name, axes, bodies, attributes: {} };
  const shape = axes.map(({ extent }) => extent);
  const tensors = bodies.map(
    ({ dtype }, outputIndex): Tensor => ({
      kind: "Tensor",
      span,
      name: outputs[outputIndex] ?? name,
      dtype,
      shape,
      operation,
      outputIndex,
    }),
  );
  const attachment = parts.attachment ?? { kind: "root" };
  return createStage({ name, operation, tensors, axes, reduceAxes, bodies, scope, attachment });
}

/** A name for a new stage: `name`, or that with a number. */
export function stageName(schedule: Schedule, name: string): string {
  return uniqueName(name, new Set(schedule.stages.map((stage) => stage.name)));
}

/** An axis over `0 .. extent`, with a variable of its own. */
export function freshAxis(name: string, extent: Expr, span: Span, iterKind: IterKind = "data"): IterVar {
  return { kind: "IterVar", span, name, variable: variable(name, "index", 1, span), min: int(0), extent, iterKind };
}

/** A read of one element. */
export function readOf(tensor: Tensor, indices: readonly Expr[], span: Span): Read {
  return { kind: "Read", span, dtype: tensor.dtype, lanes: 1, tensor, indices };
}

/** Puts new stages directly before one that reads them. */
export function insertBefore(schedule: Schedule, stage: Stage, made: readonly Stage[]): void {
  schedule.stages = schedule.stages.flatMap((other) => (other === stage ? [...made, other] : [other]));
}
