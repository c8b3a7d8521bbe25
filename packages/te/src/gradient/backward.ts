import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Expr, type IterVar, isFloat, type Operation, operationsOf, readsOf, type Tensor } from "@tilewright/ir";
import { differentiate } from "./differentiate.js";
import { opaqueOperation } from "./errors.js";
import type { OutputGradient } from "./fold.js";
import type { Summand } from "./gather.js";
import { domainsOf } from "./reductions.js";
import { chosen, lifted, type Sensitivity } from "./sensitivity.js";
import { dataAxes, distinctNames, element, fromZero, stage } from "./stage.js";
import { type Form, total } from "./total.js";

/** The gradient of the loss with respect to the output. */
export interface Head {
  /** Axes that lead every gradient. */
  readonly batch: readonly IterVar[];
  readonly at: (batch: readonly Expr[], indices: readonly Expr[]) => Sensitivity;
}

/** Gradients of `inputs`: from the output back, each operation after all of its readers. @throws CompileError `TE303`–`TE306`. */
export function backward(output: Tensor, inputs: readonly Tensor[], head: Head, span: Span): readonly Tensor[] {
  const { operations, tensors } = operationsOf([output]);
  const wanted = new Set(inputs);
  const varies = varyingTensors(operations, wanted);
  const summands = new Map<Tensor, Summand[]>();
  const gradients = new Map<Tensor, Tensor>();
  for (const operation of [...operations].reverse()) {
    const outputs: OutputGradient[] = [];
    for (const tensor of tensors.get(operation) ?? []) {
      const own = summands.get(tensor);
      if (tensor !== output && own === undefined) continue;
      const made = own === undefined ? undefined : total(formOf(tensor, head.batch), own, span);
      if (made !== undefined) gradients.set(tensor, made);
      outputs.push({ tensor, gradient: gradientAt(operation, made, head, span) });
    }
    const flows = outputs.length > 0 && readsOf(operation).some(varies);
    if (!flows || operation.kind === "Placeholder") continue;
    if (operation.kind !== "Compute") throw new CompileError(opaqueOperation(operation, operation.span));
    for (const { axes, conditions, seeds, strict } of domainsOf(operation, outputs, span)) {
      for (const { read, gradient } of differentiate(seeds, varies, span)) {
        const { conditions: guards, value } = lifted(gradient);
        const summand: Summand = {
          axes: [...head.batch, ...axes],
          conditions: [...conditions, ...guards],
          shape: [...head.batch.map(({ extent }) => extent), ...read.tensor.shape],
          indices: [...head.batch.map(({ variable }) => variable), ...read.indices],
          value,
          strict,
        };
        const before = summands.get(read.tensor);
        if (before === undefined) summands.set(read.tensor, [summand]);
        else before.push(summand);
      }
    }
  }
  return inputs.map((input) => {
    if (input === output) return headTensor(input, head, span);
    return gradients.get(input) ?? total(formOf(input, head.batch), [], span);
  });
}

/** Whether a tensor of floats depends on one of `inputs`, or is one. */
function varyingTensors(operations: readonly Operation[], inputs: ReadonlySet<Tensor>): (tensor: Tensor) => boolean {
  const depends = new Set<Operation>();
  const varies = (tensor: Tensor): boolean =>
    isFloat(tensor.dtype) && (inputs.has(tensor) || depends.has(tensor.operation));
  for (const operation of operations) if (readsOf(operation).some(varies)) depends.add(operation);
  return varies;
}

/** The gradient of the element that an operation computes at its axes; `made` is undefined for the output. */
function gradientAt(operation: Operation, made: Tensor | undefined, { batch, at }: Head, span: Span): Sensitivity {
  const axes = operation.kind === "Compute" ? operation.axes : [];
  const batches = batch.map(({ variable }) => variable);
  const indices = axes.map(fromZero);
  return made === undefined
    ? at(batches, indices)
    : { guard: null, value: element(made, [...batches, ...indices], span) };
}

function formOf({ name, dtype, shape, operation }: Tensor, batch: readonly IterVar[]): Form {
  const usual = (_: unknown, d: number): string => (shape.length <= 2 ? (["i", "j"][d] ?? "i") : `i${d}`);
  const own = operation.kind === "Compute" ? operation.axes.map((axis) => axis.name) : shape.map(usual);
  return {
    name: `${name}.grad`,
    dtype,
    shape: [...batch.map(({ extent }) => extent), ...shape],
    axisNames: distinctNames([...batch.map((axis) => axis.name), ...own]),
  };
}

/** The gradient of the output with respect to itself. */
function headTensor(output: Tensor, { batch, at }: Head, span: Span): Tensor {
  const { name, shape, axisNames } = formOf(output, batch);
  const axes = dataAxes(shape, axisNames, span);
  const variables = axes.map(({ variable }) => variable);
  return stage(name, axes, chosen(at(variables.slice(0, batch.length), variables.slice(batch.length))), span);
}
