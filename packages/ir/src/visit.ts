import { asked, isQuiet, PLANS, type Plan, REMEMBERED } from "./children.js";
import type { Node, NodeKind, NodeOf } from "./fields.js";

/** Visitors by node kind, called before the children; `false` skips them. */
export type Visitors = { readonly [K in NodeKind]?: (node: NodeOf<K>) => boolean | void } & {
  readonly enter?: (node: Node) => boolean | void;
};

type AnyVisitor = (node: Node) => boolean | void;

/** For a node that is not an expression: what was seen is forgotten when it ends. */
const FORGET = -1;

/**
 * Visits `root` and what it uses, parents first, in evaluation order. Statements are visited wherever they stand; a big expression that is
 * shared within one expression is visited once, a small one at each of its places, so that the work is linear in distinct nodes.
 */
export function visit(root: Node, visitors: Visitors): void {
  const every = visitors.enter;
  const asks = asked(visitors as unknown as { readonly [kind: string]: AnyVisitor | undefined });
  const { byIndex } = asks;
  const work: Node[] = [root];
  // Parallel to `work`: the plan of a node to visit, or, of a node that is done, the number of visits when it was entered.
  const states: (Plan | number)[] = [PLANS[root.kind]];
  let seen: Set<Node> | undefined;
  let visits = 0;
  for (let top = 0; top >= 0; top--) {
    const node = work[top] as Node;
    const state = states[top] as Plan | number;
    if (typeof state === "number") {
      if (state === FORGET) seen = undefined;
      else if (visits - state >= REMEMBERED) {
        seen ??= new Set();
        seen.add(node);
        visits = state;
      }
      continue;
    }
    const { getters, isExpr } = state;
    if (seen !== undefined) {
      if (!isExpr) seen = undefined;
      else if (seen.has(node)) continue;
    }
    visits++;
    if (every !== undefined && every(node) === false) continue;
    const visitor = byIndex[state.index];
    if (visitor !== undefined && visitor(node) === false) continue;
    if (state.isLeaf) continue;
    states[top++] = isExpr ? visits : FORGET;
    for (let field = getters.length - 1; field >= 0; field--) {
      const child = (getters[field] as (node: Node) => Node | readonly Node[] | null)(node);
      if (child === null || child === undefined) continue;
      const list = Array.isArray(child) ? (child as readonly Node[]) : undefined;
      for (let place = list === undefined ? 0 : list.length - 1; place >= 0; place--) {
        const next = list === undefined ? (child as Node) : (list[place] as Node);
        const plan = PLANS[next.kind];
        if (every === undefined && isQuiet(plan, asks)) continue;
        work[top] = next;
        states[top++] = plan;
      }
    }
  }
}
