import { CompileError, type Span } from "@tilewright/diagnostics";
import { at, type Expr, type IterVar, int, type Scope, substitute, type Tensor, type Var } from "@tilewright/ir";
import { extentOf } from "./axis-extent.js";
import { computeStage, freshAxis, insertBefore, readOf, stageName } from "./compute-stage.js";
import { moveLoops } from "./copy-loops.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { mixedFuse, notAdjacent, notMovable, tooFewAxes } from "./errors.js";
import { leafOf, ownTensor, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import type { AxisLike, Schedule, Stage, TensorLike } from "./schedule.js";
import { checkScope } from "./scope.js";
import { checkEmpty, checkUntouched } from "./untouched.js";

export interface CacheWriteOptions {
  /** Adjacent data axes that become one axis of the new stage, row-major, as in a reshape. */
  readonly flatten?: readonly AxisLike[];
}

/**
 *     for i { for k { C } }   →   for i { for k { C.local } }; for i { C = C.local }
 *
 * Moves the computation of a stage, with all its outputs, into a new stage with memory of `scope`; the stage itself becomes a copy of it,
 * which its readers read as before. What is computed in its loops moves along. Compute the new stage inside a tile of the copy and a
 * reduction accumulates close to the processor. With `flatten` the new stage has one dimension in place of several: of a convolution's rows
 * and columns it makes the columns of a matrix product. TVM and TensorIR: cache_write, then transform_block_layout.
 *
 * @returns the new stage's tensor, that of `tensor`'s output when there are several; the reduction axes are now its own
 * @throws CompileError SCH103 · SCH104 · SCH105 axes to flatten that are not adjacent, or fewer than two · SCH106 a reduction axis among them ·
 *   SCH110 an input or an extern operation · SCH114 the stage's loops were changed already · SCH122 · SCH131 something is computed in axes that
 *   are flattened
 */
export function cacheWrite(
  schedule: Schedule,
  tensor: TensorLike,
  scope: Scope,
  options: CacheWriteOptions = {},
): Tensor {
  return primitive(schedule, cacheWrite, { tensor, axes: options?.flatten ?? [] }, (span) => {
    const stage = stageOf(schedule, tensor, span);
    checkScope(stage, scope, span);
    if (stage.operation.kind !== "Compute")
      throw new CompileError(notMovable("cacheWrite", stage.name, "it has no expression", span));
    checkUntouched(stage, "cacheWrite", span);
    const flat = flattened(schedule, stage, options?.flatten ?? [], span);
    const { axes, tensors, attachment } = stage;
    const { own, values, indices, moved } = shapeOf(axes, flat, span);
    const one = tensors.length === 1;
    const name = stageName(schedule, `${one ? tensors[0]?.name : stage.name}.${scope}`);
    const cache = computeStage({
      name,
      outputs: one ? [name] : tensors.map((each) => `${each.name}.${scope}`),
      axes: own,
      reduceAxes: stage.reduceAxes,
      bodies: stage.bodies.map((body) => substitute(body, values)),
      scope,
      attachment: attachment.kind === "inline" ? deepestAttachment(schedule, stage.bodies, attachment) : attachment,
      span,
    });
    moveLoops(schedule, stage, stage.leaves, cache, moved);
    stage.bodies = cache.tensors.map((each) => readOf(each, indices, span));
    stage.reduceAxes = [];
    stage.leaves = axes;
    insertBefore(schedule, stage, [cache]);
    const names = flat.map((axis) => axis.name);
    record(schedule, "cacheWrite", stage, { scope, ...(names.length === 0 ? {} : { flatten: names }) }, [name]);
    const output = typeof tensor === "string" ? 0 : tensors.indexOf(ownTensor(stage, tensor) as Tensor);
    return cache.tensors[output] as Tensor;
  });
}

/** The axes to flatten, in their order. @throws CompileError SCH104 · SCH105 · SCH106 · SCH131 */
function flattened(schedule: Schedule, stage: Stage, named: readonly AxisLike[], span: Span): readonly IterVar[] {
  if (named.length === 0) return [];
  checkEmpty(schedule, stage, "cacheWrite", span);
  const flat = named.map((axis) => leafOf(schedule, stage, axis, span));
  if (flat.length === 1) throw new CompileError(tooFewAxes(1, span));
  for (const [k, axis] of flat.entries()) {
    const before = flat[k - 1];
    if (before === undefined) continue;
    if (axis.iterKind !== before.iterKind || axis.iterKind !== "data")
      throw new CompileError(mixedFuse(before.name, axis.name, span));
    const order = stage.axes.map(({ name }) => name);
    if (stage.axes.indexOf(axis) !== stage.axes.indexOf(before) + 1)
      throw new CompileError(notAdjacent(before.name, axis.name, order, span));
  }
  return flat;
}

interface Shape {
  /** Axes of the new stage. */
  readonly own: readonly IterVar[];
  /** What the old axes are there. */
  readonly values: ReadonlyMap<Var, Expr>;
  /** What the new axes are in the old stage. */
  readonly indices: readonly Expr[];
  /** From axes to those that stand for them alone. */
  readonly moved: ReadonlyMap<IterVar, IterVar>;
}

function shapeOf(axes: readonly IterVar[], flat: readonly IterVar[], span: Span): Shape {
  const b = at(span);
  const own: IterVar[] = [];
  const values = new Map<Var, Expr>();
  const indices: Expr[] = [];
  const moved = new Map<IterVar, IterVar>();
  for (const axis of axes) {
    if (flat.includes(axis)) {
      if (axis !== flat[0]) continue;
      const made = freshAxis(
        flat.map(({ name }) => name).join("."),
        int(flat.reduce((n, each) => n * extentOf(each), 1)),
        span,
      );
      own.push(made);
      let rest: Expr = made.variable;
      for (const each of [...flat.slice(1)].reverse()) {
        values.set(each.variable, b.binary("floormod", rest, int(extentOf(each))));
        rest = b.binary("floordiv", rest, int(extentOf(each)));
      }
      values.set(axis.variable, rest);
      indices.push(
        flat.slice(1).reduce<Expr>((sum, each) => b.add(b.mul(sum, int(extentOf(each))), each.variable), axis.variable),
      );
    } else {
      const made = freshAxis(axis.name, axis.extent, span);
      own.push(made);
      values.set(axis.variable, made.variable);
      indices.push(axis.variable);
      moved.set(axis, made);
    }
  }
  return { own, values, indices, moved };
}
