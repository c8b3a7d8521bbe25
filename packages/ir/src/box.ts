import type { Buffer, BufferRegion } from "./buffer.js";
import type { Var } from "./expr.js";
import type { PrimFunc } from "./func.js";
import { refreshBinders } from "./refresh.js";
import { rewrite } from "./rewrite.js";

/**
 * How a parameter of `shape` sees a box of `extents`: for each of its dimensions, the one of the box, in order. The box may have further
 * dimensions of extent 1. Null when the box has another shape.
 */
export function dimensionsOfBox(shape: readonly number[], extents: readonly number[]): readonly number[] | null {
  const dimensions: number[] = [];
  let left = shape.length - 1;
  for (let dimension = extents.length - 1; dimension >= 0; dimension--) {
    if (left >= 0 && extents[dimension] === shape[left]) {
      dimensions.unshift(dimension);
      left--;
    } else if (extents[dimension] !== 1) return null;
  }
  return left < 0 ? dimensions : null;
}

/** A copy of the function with other buffer parameters: other strides, another alignment. Binders are new. */
export function withParameters(func: PrimFunc, renew: (parameter: Buffer, position: number) => Buffer): PrimFunc {
  const renewed = new Map<Buffer, Buffer>();
  const parameters = func.parameters.map((parameter, position): Buffer | Var => {
    if (parameter.kind === "Var") return parameter;
    const own = { ...renew(parameter, position) };
    renewed.set(parameter, own);
    return own;
  });
  const swap = <N extends { readonly buffer: Buffer }>(node: N): N | undefined => {
    const to = renewed.get(node.buffer);
    return to === undefined ? undefined : { ...node, buffer: to };
  };
  const body = rewrite(refreshBinders(func.body), {
    Load: swap,
    Store: swap,
    Atomic: swap,
    BufferRegion: (region: BufferRegion) => swap(region),
  });
  const mayAlias = func.mayAlias.map(([a, b]) => [renewed.get(a) ?? a, renewed.get(b) ?? b] as const);
  return { ...func, parameters, body, mayAlias };
}
