import { type Binary, build, type Expr, int } from "@tilewright/ir";

/** Builders of scalar `index` expressions that fold constants and drop neutral operands, so that later passes see plain forms. */
const indexValue = (expr: Expr): number | undefined =>
  expr.kind === "Const" && expr.dtype === "index" ? Number(expr.value) : undefined;

export function constantOf(expr: Expr): number | undefined {
  return expr.kind === "Const" && typeof expr.value === "number" ? expr.value : undefined;
}

/** `left + right`; constants gather on the right. */
export function plus(left: Expr, right: Expr): Expr {
  const a = indexValue(left);
  const b = indexValue(right);
  if (a !== undefined && b !== undefined) return int(a + b, left.span);
  if (a === 0) return right;
  if (b === 0) return left;
  if (a !== undefined) return plus(right, left);
  if (b !== undefined && left.kind === "Binary" && left.op === "add") {
    const inner = indexValue(left.right);
    if (inner !== undefined) return plus(left.left, int(inner + b, left.span));
  }
  if (b === undefined && left.kind === "Binary" && left.op === "add") {
    const inner = indexValue(left.right);
    if (inner !== undefined) return plus(plus(left.left, right), left.right);
  }
  return build.add(left, right);
}

/** A sum or product of indices that a constant in it makes simpler; undefined for all other expressions. */
export function folded({ op, dtype, lanes, left, right }: Binary): Expr | undefined {
  if (dtype !== "index" || lanes > 1 || (left.kind !== "Const" && right.kind !== "Const")) return undefined;
  if (op === "add") return plus(left, right);
  return op === "mul" ? times(left, right) : undefined;
}

export function minus(left: Expr, right: Expr): Expr {
  const a = indexValue(left);
  const b = indexValue(right);
  if (a !== undefined && b !== undefined) return int(a - b, left.span);
  if (b !== undefined) return plus(left, int(-b, right.span));
  return left === right ? int(0, left.span) : build.sub(left, right);
}

export function times(left: Expr, right: Expr): Expr {
  const a = indexValue(left);
  const b = indexValue(right);
  if (a !== undefined && b !== undefined) return int(a * b, left.span);
  if (a === 0 || b === 0) return int(0, left.span);
  if (a === 1) return right;
  if (b === 1) return left;
  return a !== undefined ? build.mul(right, left) : build.mul(left, right);
}

/** `⌊left / right⌋` for a constant `right` > 0. */
export function floorDivide(left: Expr, right: number): Expr {
  const a = indexValue(left);
  if (a !== undefined) return int(Math.floor(a / right), left.span);
  return right === 1 ? left : build.binary("floordiv", left, int(right));
}

export function smaller(left: Expr, right: Expr): Expr {
  const a = indexValue(left);
  const b = indexValue(right);
  if (a !== undefined && b !== undefined) return a <= b ? left : right;
  return left === right ? left : build.binary("min", left, right);
}

export function larger(left: Expr, right: Expr): Expr {
  const a = indexValue(left);
  const b = indexValue(right);
  if (a !== undefined && b !== undefined) return a >= b ? left : right;
  return left === right ? left : build.binary("max", left, right);
}
