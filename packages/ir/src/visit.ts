import { asksExpressions, PLANS, REMEMBERED } from "./children.js";
import type { Node, NodeKind, NodeOf } from "./fields.js";

/** Visitors by node kind, called before the children; `false` skips them. */
export type Visitors = { readonly [K in NodeKind]?: (node: NodeOf<K>) => boolean | void } & {
  readonly enter?: (node: Node) => boolean | void;
};

type AnyVisitor = ((node: Node) => boolean | void) | undefined;

/**
 * Visits `root` and what it uses, parents first, in evaluation order. Statements are visited wherever they stand; a big expression that is
 * shared within one expression is visited once, a small one at each of its places, so that the work is linear in distinct nodes.
 */
export function visit(root: Node, visitors: Visitors): void {
  const byKind = visitors as unknown as { readonly [kind: string]: AnyVisitor };
  const every = visitors.enter;
  // What no visitor is about is passed over: leaves, which are half of all nodes, and expressions, which hold nothing but expressions.
  const expressions = every !== undefined || asksExpressions(byKind);
  const isQuiet = (kind: NodeKind): boolean => {
    if (every !== undefined || byKind[kind] !== undefined) return false;
    const { isLeaf, isExpr } = PLANS[kind];
    return isLeaf || (isExpr && !expressions);
  };
  const work: Node[] = [root];
  // Parallel to `work`: −1 for a node to visit, else the number of visits when the node, now done, was entered.
  const marks: number[] = [-1];
  const seen = new Set<Node>();
  let visits = 0;
  while (work.length > 0) {
    const node = work.pop() as Node;
    const mark = marks.pop() as number;
    if (mark >= 0) {
      if (!PLANS[node.kind].isExpr) seen.clear();
      else if (visits - mark >= REMEMBERED) {
        seen.add(node);
        visits = mark;
      }
      continue;
    }
    const plan = PLANS[node.kind];
    if (plan.isExpr && seen.size > 0 && seen.has(node)) continue;
    visits++;
    if (every?.(node) === false) continue;
    if (byKind[node.kind]?.(node) === false) continue;
    const { getters } = plan;
    if (getters.length === 0) continue;
    if (!plan.isExpr && seen.size > 0) seen.clear();
    work.push(node);
    marks.push(visits);
    for (let field = getters.length - 1; field >= 0; field--) {
      const child = (getters[field] as (node: Node) => Node | readonly Node[] | null)(node);
      if (Array.isArray(child)) {
        for (let place = child.length - 1; place >= 0; place--) {
          if (isQuiet((child[place] as Node).kind)) continue;
          work.push(child[place] as Node);
          marks.push(-1);
        }
      } else if (child !== null && child !== undefined && !isQuiet((child as Node).kind)) {
        work.push(child as Node);
        marks.push(-1);
      }
    }
  }
}
