import { CompileError, type Span } from "@tilewright/diagnostics";
import type { IterVar, Json, Scope, Tensor } from "@tilewright/ir";
import { computeStage, insertBefore, readOf, stageName } from "./compute-stage.js";
import { moveLoops } from "./copy-loops.js";
import { deepestAttachment } from "./deepest-attachment.js";
import { mixedFuse, notAdjacent, notMovable, tooFewAxes } from "./errors.js";
import { badChoice } from "./errors-stages.js";
import { layoutJson } from "./layout-options.js";
import { leafOf, ownTensor, stageOf } from "./lookup.js";
import { primitive } from "./primitive.js";
import { record } from "./record.js";
import { reshapeAxes } from "./reshape-axes.js";
import type { AxisLike, LayoutDigit, LayoutDimension, Schedule, Stage, TensorLike } from "./schedule.js";
import { checkScope } from "./scope.js";
import { checkedLayout, type LayoutLike } from "./transform-layout.js";
import { checkEmpty, checkUntouched } from "./untouched.js";

export interface CacheWriteOptions {
  /** Adjacent data axes that become one axis of the new stage, row-major, as in a reshape. */
  readonly flatten?: readonly AxisLike[];
  /** In place of `flatten`: the axes of the new stage as digits of the axes, as `transformLayout` takes them, with no room left over. */
  readonly layout?: LayoutLike;
}

interface Reshaping {
  readonly layout: readonly LayoutDimension[];
  /** Arguments of the record. */
  readonly written: { readonly [name: string]: Json };
}

/**
 *     for i { for k { C } }   →   for i { for k { C.local } }; for i { C = C.local }
 *
 * Moves the computation of a stage, with all its outputs, into a new stage with memory of `scope`; the stage itself becomes a copy of it,
 * which its readers read as before. What is computed in its loops moves along. Compute the new stage inside a tile of the copy and a
 * reduction accumulates close to the processor. With `flatten` the new stage has one dimension in place of several: of a convolution's rows
 * and columns it makes the columns of a matrix product. With `layout` its axes are digits of the axes in any order: of a grouped convolution's channels
 * it makes a group and a channel of it, each an axis. TVM and TensorIR: cache_write, then transform_block_layout.
 *
 * @returns the new stage's tensor, that of `tensor`'s output when there are several; the reduction axes are now its own
 * @throws CompileError SCH103 · SCH104 · SCH105 axes to flatten that are not adjacent, or fewer than two · SCH106 a reduction axis among them ·
 *   SCH110 an input or an extern operation · SCH114 the stage's loops were changed already · SCH115 a layout that is not one-to-one, or has room for
 *   more · SCH122 · SCH131 something is computed in axes that change · SCH132 both options
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
    const { layout, written } = layoutOf(schedule, stage, options ?? {}, span);
    const { axes, tensors, attachment } = stage;
    const reshaped = reshapeAxes(stage.name, axes, layout, span);
    const one = tensors.length === 1;
    const name = stageName(schedule, `${one ? tensors[0]?.name : stage.name}.${scope}`);
    const cache = computeStage({
      name,
      outputs: one ? [name] : tensors.map((each) => `${each.name}.${scope}`),
      axes: reshaped.axes,
      reduceAxes: stage.reduceAxes,
      bodies: stage.bodies.map(reshaped.express),
      scope,
      attachment: attachment.kind === "inline" ? deepestAttachment(schedule, stage.bodies, attachment) : attachment,
      span,
    });
    moveLoops(schedule, stage, stage.leaves, cache, reshaped.moved);
    stage.bodies = cache.tensors.map((each) => readOf(each, reshaped.indices, span));
    stage.reduceAxes = [];
    stage.leaves = axes;
    insertBefore(schedule, stage, [cache]);
    record(schedule, "cacheWrite", stage, { scope, ...written }, [name]);
    const output = typeof tensor === "string" ? 0 : tensors.indexOf(ownTensor(stage, tensor) as Tensor);
    return cache.tensors[output] as Tensor;
  });
}

/** The axes of the new stage, and how the trace says it. @throws CompileError SCH104 · SCH105 · SCH106 · SCH115 · SCH131 · SCH132 */
function layoutOf(
  schedule: Schedule,
  stage: Stage,
  { flatten = [], layout }: CacheWriteOptions,
  span: Span,
): Reshaping {
  const plain = (dimension: number): LayoutDigit => ({ dimension, divisor: 1, modulus: null, factor: null });
  if (layout !== undefined) {
    if (flatten.length > 0) throw new CompileError(badChoice("both options", "`flatten` or `layout`", "both", span));
    checkEmpty(schedule, stage, "cacheWrite", span);
    const checked = checkedLayout(stage, layout, span);
    return { layout: checked, written: { digits: layoutJson(checked) } };
  }
  const flat = flattened(schedule, stage, flatten, span);
  const first = flat[0] === undefined ? -1 : stage.axes.indexOf(flat[0]);
  const dimensions = stage.axes.flatMap((axis, k): readonly LayoutDimension[] => {
    const digits = k === first ? flat.map((_, next) => plain(first + next)) : [plain(k)];
    return flat.includes(axis) && k !== first ? [] : [{ digits, offset: 0 }];
  });
  const names = flat.map(({ name }) => name);
  return { layout: dimensions, written: names.length === 0 ? {} : { flatten: names } };
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
