import { boundsOf } from "@tilewright/arith";
import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import {
  at,
  type Compute,
  type Expr,
  type IterVar,
  isConst,
  type Operation,
  type Read,
  rewrite,
  type Tensor,
  type Var,
} from "@tilewright/ir";
import { checkSchedule } from "./check-schedule.js";
import { badParameters, unsupported } from "./errors.js";
import { withWholeTuples } from "./folds.js";
import { tensorsRead, uniqueName } from "./lookup.js";
import { attachSteps, scanStage, scanTensors, statesOf, withStates } from "./scan-stage.js";
import type { Schedule, Stage } from "./schedule.js";
import { createStage } from "./stage.js";

/**
 * The schedule that computes `outputs` plainly: a stage for every operation they depend on, each computed whole before its readers, its
 * loops in the order of its axes, reductions innermost.
 *
 * @throws CompileError SCH119 a shape that is not constant, or a scan whose step is used outside of it · SCH121 no output
 */
export function createSchedule(outputs: Tensor | readonly Tensor[]): Schedule {
  return newSchedule(outputs, callSite(createSchedule));
}

/**
 * As `createSchedule`, for whoever is after the trace: that the schedule as a whole is legal, and where it is not, is said by the `replay` of
 * its trace, once, and not by each primitive. After an error a draft is of no use.
 *
 * @throws CompileError SCH119 · SCH121
 */
export function draftSchedule(outputs: Tensor | readonly Tensor[]): Schedule {
  const span = callSite(draftSchedule);
  return { ...newSchedule(outputs, span), place: span, isDraft: true };
}

/** As `createSchedule`, called from `span`. */
export function newSchedule(outputs: Tensor | readonly Tensor[], span: Span): Schedule {
  const list: readonly Tensor[] = Array.isArray(outputs) ? outputs : [outputs as Tensor];
  for (const output of list) {
    if (output?.kind !== "Tensor")
      throw new CompileError(badParameters("an output that is no tensor", "tensors built with te", span));
  }
  if (list.length === 0) throw new CompileError(badParameters("no output", "at least one output tensor", span));
  const tensors = tensorsInOrder(list);
  const byOperation = new Map<Operation, Tensor[]>();
  for (const tensor of tensors) {
    const siblings = byOperation.get(tensor.operation);
    if (siblings === undefined) byOperation.set(tensor.operation, [tensor]);
    else siblings.push(tensor);
  }
  const scans = new Map<Operation, readonly Tensor[]>();
  for (const [operation, made] of byOperation)
    if (operation.kind === "Scan") scans.set(operation, scanTensors(operation, made));
  const states = statesOf(scans);
  const names = new Set<string>();
  const stages: Stage[] = [];
  for (const [operation, made] of byOperation) {
    if (made.some((tensor) => states.has(tensor))) continue;
    const name = uniqueName(operation.name, names);
    names.add(name);
    const isOutput = made.some((tensor) => list.includes(tensor));
    const stage =
      operation.kind === "Scan"
        ? scanStage(name, operation, scans.get(operation) ?? made, isOutput, span)
        : { ...stageFor(name, operation, made, span), isOutput };
    stage.bodies = stage.bodies.map((body) => withStates(body, states));
    stages.push(stage);
  }
  const schedule: Schedule = { outputs: list, stages, records: [], place: null, isDraft: false, intrinsics: new Map() };
  attachSteps(schedule, span);
  checkSchedule(schedule, span);
  return schedule;
}

function stageFor(name: string, operation: Operation, made: readonly Tensor[], span: Span): Stage {
  const computed = operation.kind === "Compute" ? operation : null;
  const bodies = withWholeTuples(
    computed === null ? [] : computed.bodies.map((body) => clampReads(body, computed.axes, span)),
  );
  const tensors = allOutputs(operation, made, bodies);
  for (const tensor of tensors) {
    if (!tensor.shape.every((extent) => isConst(extent)))
      throw new CompileError(
        unsupported(
          `\`${tensor.name}\`, whose shape is symbolic`,
          "constant extents: specialise the symbols first",
          span,
        ),
      );
  }
  const reduceAxes = reduceAxesOf(bodies);
  for (const axis of reduceAxes) {
    if (!isConst(axis.min) || !isConst(axis.extent)) {
      const what = `the reduction axis \`${axis.name}\`, whose domain depends on other axes`;
      throw new CompileError(
        unsupported(what, "a constant domain, and a condition (where) for the part that counts", axis.span),
      );
    }
  }
  const axes = computed?.axes ?? [];
  return createStage({ name, operation, tensors, axes, reduceAxes, bodies });
}

/** The outputs of an operation in order, those among them that nobody reads: they need memory too. */
function allOutputs(operation: Operation, made: readonly Tensor[], bodies: readonly Expr[]): readonly Tensor[] {
  const like = made[0] as Tensor;
  const found = (outputIndex: number): Tensor | undefined => made.find((tensor) => tensor.outputIndex === outputIndex);
  if (operation.kind === "Compute") {
    return bodies.map(({ dtype }, outputIndex) => found(outputIndex) ?? { ...like, outputIndex, dtype });
  }
  if (operation.kind !== "Extern") return made;
  return operation.outputBuffers.map(
    ({ name, dtype, shape }, outputIndex) => found(outputIndex) ?? { ...like, name, dtype, shape, outputIndex },
  );
}

/** Every tensor that the outputs depend on and all outputs of its operation that are used, producers first; iterative, chains may be long. */
function tensorsInOrder(outputs: readonly Tensor[]): readonly Tensor[] {
  const done = new Set<Tensor>();
  const stack: { readonly tensor: Tensor; readonly leaving: boolean }[] = [...outputs]
    .reverse()
    .map((tensor) => ({ tensor, leaving: false }));
  const entered = new Set<Tensor>();
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { tensor, leaving } = top;
    if (leaving) done.add(tensor);
    else if (!entered.has(tensor)) {
      entered.add(tensor);
      stack.push({ tensor, leaving: true });
      for (const input of [...operationInputs(tensor.operation)].reverse())
        stack.push({ tensor: input, leaving: false });
    }
  }
  return [...done];
}

function operationInputs(operation: Operation): readonly Tensor[] {
  if (operation.kind === "Extern") return operation.inputs;
  if (operation.kind === "Scan") return [...operation.initial, ...operation.update];
  return operation.kind === "Compute" ? operation.bodies.flatMap((body) => tensorsRead(body)) : [];
}

function reduceAxesOf(bodies: readonly Expr[]): readonly IterVar[] {
  const axes = new Set<IterVar>();
  for (const body of bodies) if (body.kind === "Reduce") for (const axis of body.axes) axes.add(axis);
  return [...axes];
}

/** Ranges of the axes over their declared domains. */
function rangesOf(axes: readonly IterVar[]): Map<Var, { min: number; max: number }> {
  return new Map(
    axes.map(({ variable, min, extent }) => {
      const first = isConst(min) ? Number(min.value) : Number.NEGATIVE_INFINITY;
      const count = isConst(extent) ? Number(extent.value) : Number.POSITIVE_INFINITY;
      return [variable, { min: first, max: first + count - 1 }];
    }),
  );
}

/** Rule: an index that is not inside its tensor for all values of the axes is clamped (`SEMANTICS.md`), so that no lowering reads outside. */
export function clampReads(body: Expr, axes: Compute["axes"], span: Span): Expr {
  const ranges = rangesOf([...axes, ...(body.kind === "Reduce" ? body.axes : [])]);
  return rewrite(body, { Read: (read) => clampRead(read, ranges, span) });
}

function clampRead(read: Read, ranges: ReadonlyMap<Var, { min: number; max: number }>, span: Span): Read | undefined {
  let changed = false;
  const indices = read.indices.map((index, dimension) => {
    const extent = Number((read.tensor.shape[dimension] as { value?: number }).value);
    const { min, max } = boundsOf(index, ranges);
    if (min >= 0 && max < extent) return index;
    const empty = [...ranges.values()].some((range) => range.max < range.min);
    if (extent === 0 && !empty)
      throw new CompileError(
        unsupported(`a read of \`${read.tensor.name}\`, which has no elements`, "a tensor with elements", span),
      );
    changed = true;
    return clamp(index, extent);
  });
  return changed ? { ...read, indices } : undefined;
}

/** `min(max(index, 0), extent − 1)`, as an index. */
export function clamp(index: Expr, extent: number): Expr {
  const b = at(index.span);
  const whole = b.cast(index, "index");
  return b.binary("min", b.binary("max", whole, b.int(0)), b.int(Math.max(0, extent - 1)));
}
