// Rule: a `Select`, which evaluates both arms, becomes an `IfThenElse`, which evaluates one, where an arm reads at an index that depends
// on what the condition compares: the condition may be what keeps the read inside its buffer.
import { type Expr, rewrite, type Var, visit } from "@tilewright/ir";
import { someExpr } from "./operands.js";
import { bodyPass } from "./pass.js";

export const rewriteUnsafeSelect = bodyPass({
  name: "unsafe-select",
  requires: "scheduled",
  establishes: "scheduled",
  run: (body) =>
    rewrite(body, {
      Select: (node) => {
        if (
          node.condition.lanes > 1 ||
          !(readsNear(node.condition, node.whenTrue) || readsNear(node.condition, node.whenFalse))
        )
          return undefined;
        return { ...node, kind: "IfThenElse" };
      },
    }),
});

/**
 * True when `arm` reads memory at an index that shares an `index` variable with what `condition` compares itself, or that is read from
 * memory while the condition reads memory too. What a condition compares after reading it (`select(A[i] < 0, A[i], 1)`) bounds no index.
 */
function readsNear(condition: Expr, arm: Expr): boolean {
  const compared = new Set<Var>();
  let comparesMemory = false;
  visit(condition, {
    Load: () => {
      comparesMemory = true;
      return false;
    },
    Var: (node) => void (node.dtype === "index" && compared.add(node)),
  });
  const isGuarded = (node: Expr): boolean =>
    node.kind === "Var" ? compared.has(node) : node.kind === "Load" && comparesMemory;
  let found = false;
  visit(arm, {
    Load: (load) => {
      found = found || load.indices.some((index) => someExpr(index, isGuarded));
    },
  });
  return found;
}
