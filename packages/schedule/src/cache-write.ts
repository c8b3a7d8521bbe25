import { CompileError } from "@tilewright/diagnostics";
import { type Expr, type IterVar, type Scope, substitute, type Tensor } from "@tilewright/ir";
import { computeStage, freshAxis, insertBefore, readOf, stageName } from "./compute-stage.js";
import { moveLoops } from "./copy-loops.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { notMovable } from "./errors.js";
import { ownTensor, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, TensorLike } from "./schedule.js";
import { checkScope } from "./scope.js";
import { checkUntouched } from "./untouched.js";

/**
 *     for i { for k { C } }   →   for i { for k { C.local } }; for i { C = C.local }
 *
 * Moves the computation of a stage, with all its outputs, into a new stage with memory of `scope`; the stage itself becomes a copy of it,
 * which its readers read as before. What is computed in its loops moves along. Compute the new stage inside a tile of the copy and a
 * reduction accumulates close to the processor. TVM and TensorIR: cache_write.
 *
 * @returns the new stage's tensor, that of `tensor`'s output when there are several; the reduction axes are now its own
 * @throws CompileError SCH103 · SCH110 an input or an extern operation · SCH114 the stage's loops were changed already · SCH122
 */
export function cacheWrite(schedule: Schedule, tensor: TensorLike, scope: Scope): Tensor {
  return primitive(schedule, cacheWrite, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkScope(stage, scope, span);
    if (stage.operation.kind !== "Compute")
      throw new CompileError(notMovable("cacheWrite", stage.name, "it has no expression", span));
    checkUntouched(stage, "cacheWrite", span);
    const { axes, tensors, attachment } = stage;
    const own = axes.map(({ name, extent }) => freshAxis(name, extent, span));
    const renamed = new Map(axes.map((axis, k) => [axis.variable, (own[k] as IterVar).variable as Expr] as const));
    const one = tensors.length === 1;
    const name = stageName(schedule, `${one ? tensors[0]?.name : stage.name}.${scope}`);
    const cache = computeStage({
      name,
      outputs: one ? [name] : tensors.map((each) => `${each.name}.${scope}`),
      axes: own,
      reduceAxes: stage.reduceAxes,
      bodies: stage.bodies.map((body) => substitute(body, renamed)),
      scope,
      attachment: attachment.kind === "inline" ? deepestAttachment(schedule, stage.bodies, attachment) : attachment,
      span,
    });
    moveLoops(schedule, stage, stage.leaves, cache, new Map(axes.map((axis, k) => [axis, own[k] as IterVar])));
    const indices = axes.map(({ variable }) => variable);
    stage.bodies = cache.tensors.map((each) => readOf(each, indices, span));
    stage.reduceAxes = [];
    stage.leaves = axes;
    insertBefore(schedule, stage, [cache]);
    record(schedule, "cacheWrite", stage, { scope }, [name]);
    const output = typeof tensor === "string" ? 0 : tensors.indexOf(ownTensor(stage, tensor) as Tensor);
    return cache.tensors[output] as Tensor;
  });
}
