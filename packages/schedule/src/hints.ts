import { type IterVar, rewrite, type Stmt, type Var, visit } from "@tilewright/ir";
import type { Stage } from "./schedule.js";

/** Loops that take the place of others are treated as those were; one that may not be peeled decides for all. */
export function inheritHints(stage: Stage, from: readonly IterVar[], to: readonly IterVar[]): void {
  const known = from.flatMap((axis) => stage.hints.get(axis) ?? []);
  const decisive = known.find(({ partition }) => partition === "never") ?? known[0];
  if (decisive !== undefined) stage.hints = new Map([...stage.hints, ...to.map((axis) => [axis, decisive] as const)]);
}

/** The nest of a loop in which no guard that mentions the loop is peeled, if the stage was told so. */
export function asHinted(stage: Stage, leaf: IterVar, loopVar: Var, nest: Stmt): Stmt {
  if (stage.hints.get(leaf)?.partition !== "never") return nest;
  return rewrite(nest, {
    If: (node) => {
      if (node.role !== "guard") return undefined;
      let depends = false;
      visit(node.condition, {
        Var: (used) => {
          depends ||= used === loopVar;
        },
      });
      return depends ? { ...node, role: "branch" } : undefined;
    },
  });
}
