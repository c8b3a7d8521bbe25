// Questions about expressions that their writer asks.
import { type Binary, CONTRACT, type Expr, isFloat, visit } from "@tilewright/ir";

/** An arm that reads memory may only be evaluated when it is chosen; anything else may be at any time. */
export function readsMemory(arm: Expr): boolean {
  let found = false;
  visit(arm, {
    Load: () => {
      found = true;
      return false;
    },
  });
  return found;
}

/** `a · b ± c` as its parts, with the signs of the product and of the addend. */
export interface Contraction {
  readonly product: Binary;
  readonly addend: Expr;
  readonly sign: { readonly product: 1 | -1; readonly addend: 1 | -1 };
}

/** Where both operators may be rounded as one, and the product is used nowhere else. */
export function contractionOf(expr: Expr, isUsedOnce: (product: Expr) => boolean): Contraction | null {
  if (expr.kind !== "Binary" || !isFloat(expr.dtype) || (expr.op !== "add" && expr.op !== "sub")) return null;
  const minus = expr.op === "sub" ? -1 : 1;
  const isProduct = (side: Expr): side is Binary =>
    side.kind === "Binary" && side.op === "mul" && (expr.fast & side.fast & CONTRACT) !== 0 && isUsedOnce(side);
  const { left, right } = expr;
  if (isProduct(left)) return { product: left, addend: right, sign: { product: 1, addend: minus } };
  if (isProduct(right)) return { product: right, addend: left, sign: { product: minus, addend: 1 } };
  return null;
}
