import { canProve } from "@tilewright/arith";
import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import { build, type Expr, isFloat, type Tensor } from "@tilewright/ir";
import { describeShape } from "../describe.js";
import { notATensor } from "../errors.js";
import { constant } from "../math.js";
import { backward, type Head } from "./backward.js";
import { badHead, notFloat } from "./errors.js";
import { guarded, type Sensitivity } from "./sensitivity.js";
import { dataAxes, element } from "./stage.js";

export interface GradientOptions {
  /**
   * The gradient of the loss with respect to the output, of the output's shape and type. Leading dimensions before the output's stand for
   * several losses and lead the results' too.
   */
  readonly head?: Tensor;
}

/**
 * Reverse mode on tensor expressions (TVM's `te.gradient`): for each of `inputs`, the gradient of Σ head · output, or of the sum of the
 * output's elements without a head. The results are tensors of the inputs' shapes and types, as any others: their reductions are bodies of
 * computes, so that they schedule.
 *
 * An element X[e(i, r)] that a compute reads at axes i and reduction axes r gives X[x] the sum, over all (i, r) with e(i, r) = x, of the
 * compute's gradient at i times the derivative. The equations are solved over the integers, so what they determine is not summed over;
 * bounds and divisibility that do not always hold become conditions. Where they cannot be solved (a gather: an index that is data, or an
 * index that is clamped) the equation itself stays a condition.
 *
 * Conditions and indices have no gradient, nor have rounding functions. Of equal operands of `maximum` or `minimum` the second has it, and
 * never one beside a constant; equal greatest elements of a reduction share it. A product folds the other factors, so zeros are right, in
 * quadratic time. Where a choice takes another value the gradient is 0, even if the derivative there is infinite. Sums are strict where the
 * operation's own are. Nodes are linear in those of the output for each tensor that a compute reads.
 * @throws CompileError `TE212` no tensor · `TE301` not of floats · `TE302` head · `TE303` reducer · `TE304` scan or extern · `TE305` expression
 * without derivative · `TE306` reduction axis without bounds.
 */
export function gradient(output: Tensor, inputs: readonly Tensor[], options: GradientOptions = {}): readonly Tensor[] {
  const span = callSite(gradient);
  checkTensors(output, inputs, span);
  const { head } = options ?? {};
  if (head === undefined) {
    const one = constant(1, output.dtype);
    return backward(output, inputs, { batch: [], at: () => ({ guard: null, value: one }) }, span);
  }
  const leading = checkHead(head, output, span);
  const at: Head["at"] = (batch, indices) => ({ guard: null, value: element(head, [...batch, ...indices], span) });
  return backward(output, inputs, { batch: batchOf(leading, span), at }, span);
}

/**
 * All derivatives of a tensor: the element at `[...o, ...x]`, of shape `[...output.shape, ...input.shape]`, is ∂output[o] / ∂input[x].
 * @throws CompileError as `gradient`.
 */
export function jacobian(output: Tensor, input: Tensor): Tensor {
  const span = callSite(jacobian);
  checkTensors(output, [input], span);
  const batch = batchOf(output.shape, span);
  const start: Sensitivity = { guard: null, value: constant(1, output.dtype) };
  const at: Head["at"] = (batches, indices) =>
    batches.reduce((all, each, d) => guarded(all, build.binary("eq", indices[d] as Expr, each)), start);
  return backward(output, [input], { batch, at }, span)[0] as Tensor;
}

const batchOf = (shape: readonly Expr[], span: Span): Head["batch"] =>
  dataAxes(
    shape,
    shape.map((_, d) => `b${d}`),
    span,
  );

function checkTensors(output: Tensor, inputs: readonly Tensor[], span: Span): void {
  if (!Array.isArray(inputs)) throw new CompileError(notATensor("the list of inputs", inputs, span));
  const check = (tensor: Tensor, what: string): void => {
    if (typeof tensor !== "object" || tensor?.kind !== "Tensor") throw new CompileError(notATensor(what, tensor, span));
    if (!isFloat(tensor.dtype)) throw new CompileError(notFloat(what, tensor, span));
  };
  check(output, "the output");
  inputs.forEach((input, position) => {
    check(input, `input ${position}`);
  });
}

/** The dimensions of a head before the output's own. */
function checkHead(head: Tensor, output: Tensor, span: Span): readonly Expr[] {
  if (typeof head !== "object" || head?.kind !== "Tensor") throw new CompileError(notATensor("the head", head, span));
  const leading = head.shape.length - output.shape.length;
  const fits = (extent: Expr, d: number): boolean =>
    canProve(build.binary("eq", extent, head.shape[leading + d] as Expr));
  if (head.dtype !== output.dtype || leading < 0 || !output.shape.every(fits))
    throw new CompileError(badHead(`${output.dtype} ${describeShape(output.shape)}`, head, span));
  return head.shape.slice(0, leading);
}
