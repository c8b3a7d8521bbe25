import type { Buffer, BufferRegion } from "../buffer.js";
import { badBuffer, boundTwice, notInScope, wrongIndexCount, wrongOperand } from "../errors.js";
import type { Expr, Var } from "../expr.js";
import type { Node } from "../fields.js";
import type { IRModule } from "../func.js";
import { type Place, verifyExpr } from "./verify-expr.js";

/** What is known at a statement. */
export interface StatementPlace extends Place {
  readonly scope: Set<Node>;
  /** All that was ever bound in the function. */
  readonly bound: Set<Node>;
  readonly registers: Set<Node>;
  readonly threads: Set<string>;
  /** Null when a function is checked alone. */
  readonly module: IRModule | null;
}

/** Binds `thing` and returns the end of its scope. */
export function bind(thing: Var | Buffer, what: string, place: StatementPlace): () => void {
  if (place.bound.has(thing)) place.report.add(boundTwice(what, thing.name, thing.span));
  place.bound.add(thing);
  place.scope.add(thing);
  return () => place.scope.delete(thing);
}

/** Reports an expression that is no scalar of type index. */
export function verifyScalarIndex(expr: Expr, what: string, { report }: Place) {
  if (expr.dtype !== "index" || expr.lanes !== 1)
    report.add(wrongOperand(what, "a scalar of type index", expr, expr.span));
}

/** Checks a declaration: element type, extents, strides, alignment. */
export function verifyBuffer(buffer: Buffer, place: Place) {
  const { report } = place;
  const { name, dtype, shape, strides, alignment, scope, span } = buffer;
  if (dtype === "index") report.add(badBuffer(name, "an element type other than index", dtype, span));
  if (strides !== null && strides.length !== shape.length)
    report.add(badBuffer(name, `${shape.length} strides`, `${strides.length}`, span));
  if (!Number.isInteger(alignment) || alignment < 1 || (alignment & (alignment - 1)) !== 0) {
    report.add(badBuffer(name, "an alignment that is a power of two", String(alignment), span));
  }
  if (!["global", "shared", "warp", "local"].includes(scope) && !scope.includes(".")) {
    report.add(badBuffer(name, "scope global, shared, warp, local or a name with a dot", scope, span));
  }
  for (const expr of [...shape, ...(strides ?? [])]) {
    verifyExpr(expr, place);
    verifyScalarIndex(expr, `extent or stride of \`${name}\``, place);
  }
}

/** Checks a region's buffer and bounds. */
export function verifyRegion(region: BufferRegion, place: Place) {
  const { buffer, mins, extents, span } = region;
  if (!place.scope.has(buffer)) place.report.add(notInScope("buffer", buffer.name, span));
  const rank = place.grammar.flat ? 1 : buffer.shape.length;
  const [fewest, most] = [Math.min(mins.length, extents.length), Math.max(mins.length, extents.length)];
  if (fewest !== rank || most !== rank)
    place.report.add(wrongIndexCount(buffer.name, rank, fewest === rank ? most : fewest, span));
  for (const expr of [...mins, ...extents]) {
    verifyExpr(expr, place);
    verifyScalarIndex(expr, `bound of a region of \`${buffer.name}\``, place);
  }
}
