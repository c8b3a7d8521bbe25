import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  type Compute, type Expr, type IterVar, int, type Read, rewrite, type Scope, substitute, type Tensor, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { noReader, notMovable, tooLate, unsupported } from "./errors.js";
import { consumersOf, ownTensor, stageOf, uniqueName } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { Schedule, Stage, TensorLike } from "./schedule.js";
import { checkScope } from "./scope.js";
import { createStage } from "./stage.js";

/**
 * A new stage between a tensor and the named readers: a copy in memory of `scope`, which they read instead. Move it with `computeAt`
 * and change its storage with `transformLayout`: that is packing.
 *
 * @param readers  stages that read the copy; all readers when left out
 * @returns the copy
 * @throws CompileError SCH103 · SCH113 a reader that does not read the tensor, or none
 */
export function cacheRead(
  schedule: Schedule,
  tensor: TensorLike,
  scope: Scope,
  readers?: readonly TensorLike[],
): Tensor {
  return primitive(schedule, cacheRead, { tensor }, (span) => {
    const source = stageOf(schedule, tensor, span);
    checkScope(source, scope, span);
    const read = typeof tensor === "string" ? source.tensors[0] : ownTensor(source, tensor);
    if (read === undefined) throw new CompileError(unsupported(`\`${source.name}\``, "a stage with an output", span));
    const all = consumersOf(schedule, source).filter(
      (stage) => stage.operation.kind === "Compute" && schedule.stages.indexOf(stage) > schedule.stages.indexOf(source),
    );
    const chosen =
      readers === undefined || !Array.isArray(readers)
        ? all
        : (readers as readonly TensorLike[]).map((reader) => stageOf(schedule, reader, span));
    if (chosen.length === 0) throw new CompileError(noReader(source.name, "(nothing)", [], span));
    for (const reader of chosen) {
      if (!all.includes(reader))
        throw new CompileError(
          noReader(
            source.name,
            reader.name,
            all.map(({ name }) => name),
            span,
          ),
        );
    }
    const name = uniqueName(`${read.name}.${scope}`, new Set(schedule.stages.map((stage) => stage.name)));
    const axes = freshAxes(read.shape, source, span);
    const body: Read = {
      kind: "Read",
      span,
      dtype: read.dtype,
      lanes: 1,
      tensor: read,
      indices: axes.map((axis) => axis.variable),
    };
    const cache = newStage(name, read, axes, [], body, scope, span);
    if (source.attachment.kind === "at") cache.attachment = source.attachment;
    const copy = cache.tensors[0] as Tensor;
    for (const reader of chosen) reader.bodies = reader.bodies.map((expr) => redirect(expr, read, copy));
    schedule.stages = schedule.stages.flatMap((stage) => (stage === source ? [stage, cache] : [stage]));
    record(
      schedule,
      "cacheRead",
      source,
      { tensor: source.tensors.indexOf(read), scope, readers: chosen.map((reader) => reader.name) },
      [name],
    );
    return copy;
  });
}

/**
 * Moves the computation of a tensor into a new stage with memory of `scope`; the tensor itself becomes a copy of it. Compute the new
 * stage inside a tile of the copy and a reduction accumulates close to the processor.
 *
 * @returns the new stage's tensor; the reduction axes are now its own
 * @throws CompileError SCH103 · SCH110 an input or an extern operation · SCH114 the stage's loops were changed already
 */
export function cacheWrite(schedule: Schedule, tensor: TensorLike, scope: Scope): Tensor {
  return primitive(schedule, cacheWrite, { tensor }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkScope(stage, scope, span);
    const written = stage.tensors[0];
    const body = stage.bodies[0];
    if (stage.operation.kind !== "Compute" || written === undefined || body === undefined) {
      throw new CompileError(notMovable("cacheWrite", stage.name, "it has no expression", span));
    }
    if (stage.bodies.length > 1)
      throw new CompileError(unsupported(`\`${stage.name}\` with cacheWrite`, "a stage with one output", span));
    const untouched = [...stage.axes, ...stage.reduceAxes].every((axis, depth) => axis === stage.leaves[depth]);
    if (stage.relations.length > 0 || stage.marks.size > 0 || !untouched)
      throw new CompileError(tooLate("cacheWrite", stage.name, span));
    const name = uniqueName(`${written.name}.${scope}`, new Set(schedule.stages.map((other) => other.name)));
    const axes = freshAxes(written.shape, stage, span);
    const moved = substitute(
      body,
      new Map(stage.axes.map((axis, position) => [axis.variable, (axes[position] as IterVar).variable])),
    );
    const cache = newStage(name, written, axes, stage.reduceAxes, moved, scope, span);
    const indices = stage.axes.map((axis) => axis.variable);
    stage.bodies = [
      { kind: "Read", span, dtype: written.dtype, lanes: 1, tensor: cache.tensors[0] as Tensor, indices },
    ];
    stage.reduceAxes = [];
    stage.leaves = stage.leaves.filter((leaf) => leaf.iterKind !== "reduce");
    schedule.stages = schedule.stages.flatMap((other) => (other === stage ? [cache, other] : [other]));
    record(schedule, "cacheWrite", stage, { scope }, [name]);
    return cache.tensors[0] as Tensor;
  });
}

function freshAxes(shape: readonly Expr[], like: Stage, span: Span): readonly IterVar[] {
  return shape.map((extent, position) => {
    const name = like.axes[position]?.name ?? `i${position}`;
    return {
      kind: "IterVar",
      span,
      name,
      variable: variable(name, "index", 1, span),
      min: int(0),
      extent,
      iterKind: "data",
    };
  });
}

function newStage(
  name: string,
  like: Tensor,
  axes: readonly IterVar[],
  reduceAxes: readonly IterVar[],
  body: Expr,
  scope: Scope,
  span: Span,
): Stage {
  const operation: Compute = { kind: "Compute", span, name, axes, bodies: [body], attributes: {} };
  const tensor: Tensor = {
    kind: "Tensor",
    span,
    name,
    dtype: like.dtype,
    shape: like.shape,
    operation,
    outputIndex: 0,
  };
  return createStage({ name, operation, tensors: [tensor], axes, reduceAxes, bodies: [body], scope });
}

/** `expr` with every read of `from` turned into one of `to`. */
function redirect(expr: Expr, from: Tensor, to: Tensor): Expr {
  return rewrite(expr, { Read: (read) => (read.tensor === from ? { ...read, tensor: to } : undefined) });
}
