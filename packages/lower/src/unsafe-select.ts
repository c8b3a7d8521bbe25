// Rule: a `Select`, which evaluates both arms, becomes an `IfThenElse`, which evaluates one, where an arm reads at an index that depends
// on what the condition compares: the condition may be what keeps the read inside its buffer.
import { type Expr, rewrite, type Var, visit } from "@tilewright/ir";
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

/** True when `arm` reads memory at an index that shares an `index` variable with `condition`. */
function readsNear(condition: Expr, arm: Expr): boolean {
  const compared = new Set<Var>();
  visit(condition, { Var: (node) => void (node.dtype === "index" && compared.add(node)) });
  let found = false;
  const see = (index: Expr): void =>
    visit(index, {
      Var: (node) => {
        found = found || compared.has(node);
      },
    });
  visit(arm, { Load: (load) => load.indices.forEach(see) });
  return found;
}
