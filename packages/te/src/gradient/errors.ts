import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { Combiner, Expr, IterVar, Operation, Tensor } from "@tilewright/ir";
import { describeShape } from "../describe.js";
import { error } from "../errors.js";

/** TE301: a tensor of integers where the gradient of floats is asked for. */
export const notFloat = (what: string, tensor: Tensor, span: Span): Diagnostic =>
  error("TE301", span, `${what} \`${tensor.name}\` has no gradient`, {
    expected: "a tensor of floats",
    actual: tensor.dtype,
    hint: 'cast it to "float32" first, or leave it out',
  });

/** TE302: a head that does not fit the output. */
export const badHead = (expected: string, head: Tensor, span: Span): Diagnostic =>
  error("TE302", span, `the head \`${head.name}\` does not fit the output`, {
    expected,
    actual: `${head.dtype} ${describeShape(head.shape)}`,
    hint: "the head is the gradient of the loss with respect to the output; leave it out for the gradient of the output's sum",
  });

/** TE303: a reduction whose combination has no known derivative. */
export const unknownReducer = (combiner: Combiner, span: Span): Diagnostic =>
  error("TE303", span, `the reducer \`${combiner.name}\` is not differentiable`, {
    expected: "a sum, a product, a minimum or maximum, or a choice between tuples by one condition",
    actual: "another combination",
    hint: "write it with sum, prod, min and max in several computes",
  });

/** TE304: an operation that is no compute between an input and the output. */
export const opaqueOperation = (operation: Operation, span: Span): Diagnostic =>
  error("TE304", span, `the ${operation.kind.toLowerCase()} \`${operation.name}\` is not differentiable`, {
    expected: "computes between the output and the inputs",
    actual: operation.kind,
    hint: "write it as computes, or ask for the gradients on both sides of it and join them with `head`",
  });

/** TE305: an expression that has no derivative. */
export const notDifferentiable = (node: Expr, span: Span): Diagnostic =>
  error("TE305", span, `an expression of kind ${node.kind} is not differentiable`, {
    expected: "arithmetic, functions and choices of floats",
    actual: `${node.kind} of ${node.dtype}`,
    hint: "compute it without the inputs of the gradient, or write it with operators that have derivatives",
  });

/** TE306: a reduction axis whose domain nothing bounds. */
export const unboundedAxis = (axis: IterVar, span: Span): Diagnostic =>
  error("TE306", span, `the reduction axis \`${axis.name}\` has a domain without bounds`, {
    expected: "a domain of constants, symbols of shapes and other axes",
    actual: "a domain that depends on data",
    hint: "fold over the largest domain and leave elements out with `where`",
  });
