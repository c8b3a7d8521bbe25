import { childrenOf } from "../children.js";
import type { Expr } from "../expr.js";

/** An expression that unfolds to no more nodes than this is written out, shared or not. */
const SMALL = 2000;

/**
 * The nodes to label so that the text of `root` stays linear in its distinct nodes, in order of first occurrence:
 * none for an expression of usual size, else each inner node that is used more than once.
 */
export function sharedNodes(root: Expr): readonly Expr[] {
  if (isSmall(root)) return [];
  const uses = new Map<Expr, number>();
  const stack: Expr[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const count = uses.get(node) ?? 0;
    uses.set(node, count + 1);
    if (count === 0) stack.push(...(childrenOf(node) as Expr[]).reverse());
  }
  return [...uses]
    .filter(([node, count]) => count > 1 && node.kind !== "Const" && node.kind !== "Var")
    .map(([node]) => node);
}

function isSmall(root: Expr): boolean {
  const stack: Expr[] = [root];
  let seen = 0;
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (++seen > SMALL) return false;
    stack.push(...(childrenOf(node) as Expr[]));
  }
  return true;
}
