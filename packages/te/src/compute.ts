import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import { type Attributes, type Compute, type Expr, type IterVar, int, type Tensor, type Var } from "@tilewright/ir";
import { checkBodies } from "./check.js";
import * as errors from "./errors.js";
import { isBare, type Operand, toExpr } from "./operand.js";
import { checkReads } from "./reads.js";
import { axis, type Extent, toShape } from "./tensor.js";

export interface ComputeOptions {
  readonly name?: string;
  /** Names of the axes, outermost first: schedules and traces use them. `i`, `j`; from rank 3 on `i0`, `i1`, … unless told. */
  readonly axes?: readonly string[];
  readonly attributes?: Attributes;
}

/**
 * A tensor whose element at `(i, j, …)` is what `element` gives. When it gives an array, one tensor for each entry, computed by the
 * same loops: all entries reduce over the same axes, or none does.
 * @param shape lengths in elements; `[]` computes a scalar
 * @throws CompileError `TE109` element of type index · `TE203` a read outside · `TE204` shape · `TE205`, `TE206` reductions · `TE207` axes of something else · `TE208` names of axes · `TE211` no value.
 */
export function compute(
  shape: readonly Extent[],
  element: (...axes: Var[]) => Operand,
  options?: ComputeOptions,
): Tensor;
export function compute(
  shape: readonly Extent[],
  element: (...axes: Var[]) => readonly Operand[],
  options?: ComputeOptions,
): Tensor[];
export function compute(
  shape: readonly Extent[],
  element: (...axes: Var[]) => Operand | readonly Operand[],
  options: ComputeOptions = {},
): Tensor | Tensor[] {
  const { name = "compute", attributes = {} } = options ?? {};
  const span = callSite(compute as (...args: never[]) => unknown);
  if (typeof element !== "function") throw new CompileError(errors.noBody(name, element, span));
  const extents = toShape(shape, `\`${name}\``, span);
  const axes = makeAxes(extents, options?.axes ?? [], span);
  const result = element(...axes.map((each) => each.variable));
  const several = Array.isArray(result);
  const operands = (several ? result : [result]) as readonly Operand[];
  if (operands.length === 0) throw new CompileError(errors.noBody(name, result, span));
  const bodies = operands.map((operand) => toBody(operand, name, span));
  const operation: Compute = { kind: "Compute", span, name, axes, bodies, attributes };
  checkBodies(operation, extents);
  checkReads(operation);
  const tensors = bodies.map((body, outputIndex): Tensor => {
    const own = several ? `${name}.${outputIndex}` : name;
    return { kind: "Tensor", span, name: own, dtype: body.dtype, shape: extents, operation, outputIndex };
  });
  return several ? tensors : (tensors[0] as Tensor);
}

function makeAxes(extents: readonly Expr[], names: readonly string[], span: Span): readonly IterVar[] {
  const usual = (position: number): string => (extents.length <= 2 ? (["i", "j"][position] ?? "i") : `i${position}`);
  return extents.map((extent, position) =>
    axis(names[position] ?? usual(position), int(0, span), extent, "data", span),
  );
}

function toBody(operand: Operand, name: string, span: Span): Expr {
  if (operand === undefined || operand === null) throw new CompileError(errors.noBody(name, operand, span));
  if (isBare(operand)) throw new CompileError(errors.untypedNumbers(name, span));
  const body = toExpr(operand, span);
  if (body.dtype === "index") throw new CompileError(errors.unheldType(`\`${name}\``, span));
  return body;
}
