// Rule: every access has one index, in elements from the start of its buffer; allocations become one-dimensional and dense. Parameters keep
// their declared shape, which callers rely on. A buffer of more than 2³¹ − 1 bytes is an error (LOW201), and so is an allocation whose size
// is not a constant (LOW202): indices then fit 32-bit signed integers.

import type { PassContext } from "@tilewright/backend";
import { CompileError, type Diagnostic } from "@tilewright/diagnostics";
import {
  type Buffer,
  type BufferRegion,
  buffer,
  build,
  bytesOf,
  type Expr,
  int,
  type PrimFunc,
  rewrite,
} from "@tilewright/ir";
import { bufferTooLarge, unknownAllocation } from "./errors.js";
import { constantOf, plus, times } from "./index-arithmetic.js";
import { functionPass } from "./pass.js";

const MAX_BYTES = 2 ** 31 - 1;

export const flattenBuffers = functionPass({
  name: "flatten",
  requires: "scheduled",
  establishes: "flat",
  run: flatten,
});

function flatten(func: PrimFunc, _context: PassContext): PrimFunc {
  for (const parameter of func.parameters) if (parameter.kind === "Buffer") checkSize(parameter);
  const flat = new Map<Buffer, Buffer>();
  const target = (of: Buffer): Buffer => flat.get(of) ?? of;
  const body = rewrite(func.body, {
    Allocate: {
      enter: ({ buffer: before }) => {
        flat.set(before, compact(before));
        return undefined;
      },
      leave: (node) => ({ ...node, buffer: target(node.buffer) }),
    },
    Load: (node) => ({ ...node, buffer: target(node.buffer), indices: [flatIndex(node.buffer, node.indices)] }),
    Store: (node) => ({ ...node, buffer: target(node.buffer), indices: [flatIndex(node.buffer, node.indices)] }),
    Atomic: (node) => ({ ...node, buffer: target(node.buffer), indices: [flatIndex(node.buffer, node.indices)] }),
    BufferRegion: (node): BufferRegion => flatRegion(node, target(node.buffer)),
  });
  return body === func.body ? func : { ...func, body };
}

function failing(diagnostic: Diagnostic): never {
  throw new CompileError(diagnostic);
}

function product(exprs: readonly Expr[]): number | undefined {
  let all = 1;
  for (const expr of exprs) {
    const value = constantOf(expr);
    if (value === undefined) return undefined;
    all *= value;
  }
  return all;
}

/** Elements from the first to the last that the strides reach, undefined when that is not a constant. */
export function elementsOf({ shape, strides }: Buffer): number | undefined {
  if (strides === null) return product(shape);
  let last = 0;
  for (let dimension = 0; dimension < shape.length; dimension++) {
    const extent = constantOf(shape[dimension] as Expr);
    const stride = constantOf(strides[dimension] as Expr);
    if (extent === undefined || stride === undefined) return undefined;
    if (extent === 0) return 0;
    last += (extent - 1) * stride;
  }
  return last + 1;
}

/** Elements of a buffer, undefined when that is not a constant. @throws CompileError LOW201 */
export function checkSize(of: Buffer): number | undefined {
  const elements = elementsOf(of);
  if (elements === undefined) return undefined;
  const bytes = bytesOf(of.dtype, elements);
  return bytes > MAX_BYTES ? failing(bufferTooLarge(of.name, bytes, of.span)) : elements;
}

function compact(of: Buffer): Buffer {
  const elements = checkSize(of) ?? failing(unknownAllocation(of.name, of.span));
  const { name, dtype, scope, alignment, span } = of;
  return buffer(name, { dtype, shape: [elements], scope, alignment }, span);
}

/** Strides of every dimension, in elements. */
export function stridesOf({ shape, strides }: Buffer): readonly Expr[] {
  if (strides !== null) return strides;
  const dense: Expr[] = [];
  let stride: Expr = int(1);
  for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
    dense.unshift(stride);
    stride = times(stride, shape[dimension] as Expr);
  }
  return dense;
}

function flatIndex(of: Buffer, indices: readonly Expr[]): Expr {
  const strides = stridesOf(of);
  const scalars = indices.slice(0, -1);
  const last = indices[indices.length - 1];
  if (last === undefined) return int(0);
  let offset: Expr = int(0);
  scalars.forEach((index, dimension) => {
    offset = plus(offset, times(index, strides[dimension] as Expr));
  });
  const stride = strides[strides.length - 1] as Expr;
  if (last.lanes === 1) return plus(offset, times(last, stride));
  if (last.kind === "Ramp")
    return build.ramp(plus(offset, times(last.base, stride)), times(last.stride, stride), last.lanes);
  const scaled = constantOf(stride) === 1 ? last : build.mul(last, build.broadcast(stride, last.lanes));
  return constantOf(offset) === 0 ? scaled : build.add(scaled, build.broadcast(offset, last.lanes));
}

/** A start, and the elements from the first to the last: as many as the region has where it is contiguous. */
function flatRegion(region: BufferRegion, into: Buffer): BufferRegion {
  const start = flatIndex(region.buffer, region.mins);
  const { extents } = region;
  const reached = elementsOf({ ...region.buffer, shape: extents, strides: stridesOf(region.buffer) });
  const count =
    reached === undefined ? extents.reduce((all, extent) => times(all, extent), int(1) as Expr) : int(reached);
  return { ...region, buffer: into, mins: [start], extents: [count] };
}
