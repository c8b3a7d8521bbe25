import { simplify } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import {
  build, type Expr, type IterVar, int, isConst, type Operation, rewrite, type Scan, type Tensor, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { unsupported } from "./errors.js";
import { inputsOf } from "./lookup.js";
import type { Schedule, Stage } from "./schedule.js";
import { createStage } from "./stage.js";

/**
 * A scan is one stage in whose loop over time the stages of its step stand: those that read the state and that the next state needs. They
 * read the memory of the scan itself where the expressions read a placeholder of the state.
 */

/** The tensors of a scan, one for each state; `made` are those that something uses. */
export function scanTensors(operation: Scan, made: readonly Tensor[]): readonly Tensor[] {
  return operation.states.map(
    (state, outputIndex) =>
      made.find((tensor) => tensor.outputIndex === outputIndex) ?? {
        ...state,
        name: `${operation.name}.${outputIndex}`,
        operation,
        outputIndex,
      },
  );
}

/** From the placeholders that stand for states to the tensors of their scans. */
export function statesOf(scans: ReadonlyMap<Operation, readonly Tensor[]>): ReadonlyMap<Tensor, Tensor> {
  const states = new Map<Tensor, Tensor>();
  for (const [operation, tensors] of scans) {
    if (operation.kind !== "Scan") continue;
    for (const [k, state] of operation.states.entries()) states.set(state, tensors[k] as Tensor);
  }
  return states;
}

/** `expr` with every read of a state turned into one of its scan. */
export function withStates(expr: Expr, states: ReadonlyMap<Tensor, Tensor>): Expr {
  if (states.size === 0) return expr;
  return rewrite(expr, {
    Read: (read) => {
      const own = states.get(read.tensor);
      return own === undefined ? undefined : { ...read, tensor: own };
    },
  });
}

/** @throws CompileError SCH119 times that are not constant */
export function scanStage(
  name: string,
  operation: Scan,
  tensors: readonly Tensor[],
  isOutput: boolean,
  span: Span,
): Stage {
  const { update } = operation;
  const axis: IterVar = { ...operation.axis, extent: simplify(operation.axis.extent) };
  if (!isConst(axis.min) || !isConst(axis.extent)) {
    throw new CompileError(unsupported(`the scan \`${name}\`, whose times are symbolic`, "constant extents", span));
  }
  const extents = (tensor: Tensor): string =>
    tensor.shape.map((extent) => (isConst(extent) ? extent.value : "?")).join(" x ");
  const shapes = [tensors, operation.initial].map((parts) => new Set(parts.map(extents)));
  if (shapes.some(({ size }) => size > 1)) {
    const what = `the scan \`${name}\`, whose states have different shapes`;
    throw new CompileError(unsupported(what, "states of one shape, and as many first values of each", span));
  }
  const like = update[0]?.operation;
  const rest = (tensors[0] as Tensor).shape.slice(1).map((extent, k): IterVar => {
    const own = like?.kind === "Compute" ? (like.axes[k + 1]?.name ?? `i${k}`) : `i${k}`;
    return {
      kind: "IterVar", span: axis.span, name: own === axis.name ? `${own}.${k}` : own, variable: variable(own, "index", 1, axis.span), min: int(0), extent, iterKind: "data",
    }; // biome-ignore format: one node
  });
  const axes = [axis, ...rest];
  const indices = axes.map((each) => each.variable);
  const bodies = update.map(
    (tensor): Expr => ({ ...build.int(0), kind: "Read", dtype: tensor.dtype, tensor, indices }) as never,
  );
  return createStage({ name, operation, tensors, axes, reduceAxes: [], bodies, isOutput });
}

/** Puts the stages of each scan's step into its loop over time. @throws CompileError SCH119 */
export function attachSteps(schedule: Schedule, span: Span): void {
  for (const scan of schedule.stages) {
    if (scan.operation.kind !== "Scan") continue;
    for (const stage of stepOf(schedule, scan)) {
      if (stage.operation.kind === "Compute" && stage.attachment.kind === "root" && !stage.isOutput) {
        stage.attachment = { kind: "at", stage: scan, axis: scan.axes[0] as IterVar };
        continue;
      }
      const why = stage.isOutput
        ? "is an output too"
        : stage.operation.kind === "Compute"
          ? "belongs to two scans"
          : "is no compute";
      throw new CompileError(
        unsupported(
          `the scan \`${scan.name}\`, of whose step \`${stage.name}\` ${why}`,
          "a step of computes of its own",
          span,
        ),
      );
    }
  }
}

/** Stages before a scan that read its state, themselves or through each other. */
function stepOf(schedule: Schedule, scan: Stage): readonly Stage[] {
  const reached = new Set<Tensor>(scan.tensors);
  const step: Stage[] = [];
  for (const stage of schedule.stages) {
    if (stage === scan) break;
    if (!inputsOf(stage).some((tensor) => reached.has(tensor))) continue;
    step.push(stage);
    for (const tensor of stage.tensors) reached.add(tensor);
  }
  return step;
}
