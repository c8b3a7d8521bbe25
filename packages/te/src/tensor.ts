import { CompileError, callSite, type Span } from "@tilewright/diagnostics";
import {
  build,
  DTYPES,
  type DType,
  type Expr,
  type IterVar,
  int,
  isInteger,
  type Placeholder,
  type Tensor,
  variable,
} from "@tilewright/ir";
import * as errors from "./errors.js";
import { coerce, type Operand } from "./operand.js";

/** A length in elements: a number, or an expression of type `index` over symbols of the shape. */
export type Extent = number | Expr;

/** @throws CompileError `TE204`. */
export function toExtent(extent: Extent, what: string, span: Span): Expr {
  if (typeof extent === "number") {
    if (!Number.isSafeInteger(extent) || extent < 0) throw new CompileError(errors.badExtent(what, extent, span));
    return int(extent, span);
  }
  if (typeof extent !== "object" || extent?.dtype !== "index" || extent.lanes !== 1) {
    throw new CompileError(errors.badExtent(what, extent, span));
  }
  if (extent.kind === "Const" && Number(extent.value) < 0) {
    throw new CompileError(errors.badExtent(what, extent.value, span));
  }
  return extent;
}

/** @throws CompileError `TE204`. */
export function toShape(shape: readonly Extent[], what: string, span: Span): readonly Expr[] {
  if (!Array.isArray(shape)) throw new CompileError(errors.badExtent(what, shape, span));
  return shape.map((extent) => toExtent(extent, what, span));
}

/** @throws CompileError `TE108` · `TE109`. */
export function checkDataType(dtype: DType, what: string, span: Span): void {
  if (!DTYPES.includes(dtype)) throw new CompileError(errors.unknownType(dtype, span));
  if (dtype === "index") throw new CompileError(errors.unheldType(what, span));
}

export interface PlaceholderOptions {
  /** float32 unless told. */
  readonly dtype?: DType;
  readonly name?: string;
}

/**
 * A tensor that the caller brings.
 * @param shape lengths in elements; `[]` is a scalar
 * @throws CompileError `TE108` unknown type · `TE109` type index · `TE204` an extent that is no length.
 */
export function placeholder(shape: readonly Extent[], options: PlaceholderOptions = {}): Tensor {
  const { dtype = "float32", name = "placeholder" } = options;
  const span = callSite(placeholder);
  checkDataType(dtype, `placeholder \`${name}\``, span);
  const operation: Placeholder = { kind: "Placeholder", span, name };
  return {
    kind: "Tensor",
    span,
    name,
    dtype,
    shape: toShape(shape, `placeholder \`${name}\``, span),
    operation,
    outputIndex: 0,
  };
}

/**
 * The element of `tensor` at `indices`, one for each dimension; integers become `index`. An index that cannot be proved inside is
 * legal and is clamped (`SEMANTICS.md`).
 * @throws CompileError `TE201` number of indices · `TE202` an index that is no integer · `TE212` no tensor.
 */
export function read(tensor: Tensor, ...indices: readonly Operand[]): Expr {
  const span = callSite(read);
  if (typeof tensor !== "object" || tensor?.kind !== "Tensor")
    throw new CompileError(errors.notATensor("what is read", tensor, span));
  if (indices.length !== tensor.shape.length) throw new CompileError(errors.rankMismatch(tensor, indices.length, span));
  const exprs = indices.map((operand, position) => {
    const index = coerce(operand, "index", span);
    if (index.dtype === "index" && index.lanes === 1) return index;
    if (!isInteger(index.dtype) || index.lanes !== 1) {
      throw new CompileError(errors.notAnIndex(tensor, position, index, span));
    }
    return build.cast(index, "index");
  });
  return { kind: "Read", span, dtype: tensor.dtype, lanes: 1, tensor, indices: exprs };
}

/** @internal An axis with a variable of its own. */
export function axis(name: string, min: Expr, extent: Expr, iterKind: IterVar["iterKind"], span: Span): IterVar {
  return { kind: "IterVar", span, name, variable: variable(name, "index", 1, span), min, extent, iterKind };
}
