import type { Expr, Tensor } from "@tilewright/ir";
import { isConst } from "@tilewright/ir";
import * as te from "@tilewright/te";

/** The shape of a tensor whose dimensions are constants. */
export function extentsOf(tensor: Tensor): readonly number[] {
  return tensor.shape.map((extent) => (isConst(extent) ? Number(extent.value) : Number.NaN));
}

/**
 * One element of `tensor`, broadcast to the shape of `index` by NumPy's rule. `shape` is the shape broadcast to. An axis that is not
 * stretched is read at the very index, so that the structure shows an elementwise access.
 */
export function readBroadcast(tensor: Tensor, index: readonly Expr[], shape: readonly number[]): Expr {
  const extents = extentsOf(tensor);
  const skipped = index.length - extents.length;
  return te.read(
    tensor,
    ...extents.map((extent, axis) => (extent === shape[axis + skipped] ? (index[axis + skipped] ?? 0) : 0)),
  );
}

/** A tensor of `shape` computed element by element from tensors that broadcast to it. */
export function elementwise(
  name: string,
  shape: readonly number[],
  inputs: readonly Tensor[],
  body: (...elements: Expr[]) => Expr,
): Tensor {
  return te.compute(shape, (...index) => body(...inputs.map((input) => readBroadcast(input, index, shape))), { name });
}
