import { at, type Builder } from "./build.js";
import type { Expr, Var } from "./expr.js";
import { FIELDS, type Node, type NodeKind, type NodeOf } from "./fields.js";
import type { Stmt } from "./stmt.js";

/** What may stand where a node of kind K stood: an expression for an expression, a statement for a statement. */
export type Replacement<K extends NodeKind> = NodeOf<K> extends Expr ? Expr : NodeOf<K> extends Stmt ? Stmt : NodeOf<K>;

/** Called when children are done; `undefined` leaves the node as it is. `at` stamps the span of the replaced node. */
export type Leave<K extends NodeKind> = (node: NodeOf<K>, at: Builder) => Replacement<K> | undefined;

/** `enter` is called before the children; what it returns replaces the node, and its children are not visited. */
export interface EnterLeave<K extends NodeKind> {
  readonly enter?: (node: NodeOf<K>, at: Builder) => Replacement<K> | undefined;
  readonly leave?: Leave<K>;
}

/** Rules by node kind; a plain function is a `leave`. */
export type Rules = { readonly [K in NodeKind]?: Leave<K> | EnterLeave<K> };

type Fields = Readonly<Record<string, string>>;
interface AnyRule {
  readonly enter?: (node: Node, at: Builder) => Node | undefined;
  readonly leave?: (node: Node, at: Builder) => Node | undefined;
}

function ruleFor(rules: Rules, kind: NodeKind): AnyRule | undefined {
  const rule = rules[kind] as unknown;
  return typeof rule === "function" ? { leave: rule as NonNullable<AnyRule["leave"]> } : (rule as AnyRule | undefined);
}

/**
 * Rebuilds `root` bottom-up with `rules`. Nodes that nothing changed keep their identity; what a rule returns is not visited again.
 * Binders are never offered to rules.
 */
export function rewrite<N extends Node>(root: N, rules: Rules): N {
  return rewriteNode(root, rules) as N;
}

function rewriteNode(node: Node, rules: Rules): Node {
  const rule = ruleFor(rules, node.kind);
  const early = rule?.enter?.(node, at(node.span));
  if (early !== undefined) return early;
  const fields = FIELDS[node.kind] as Fields;
  let copy: Record<string, unknown> | undefined;
  for (const field in fields) {
    if (fields[field] !== "use") continue;
    const before = (node as unknown as Record<string, unknown>)[field];
    const after = Array.isArray(before) ? rewriteList(before, rules) : before === null ? null : rewriteNode(before as Node, rules);
    if (after !== before) {
      copy ??= { ...node };
      copy[field] = after;
    }
  }
  const rebuilt = (copy ?? node) as Node;
  return rule?.leave?.(rebuilt, at(node.span)) ?? rebuilt;
}

function rewriteList(list: readonly Node[], rules: Rules): readonly Node[] {
  let copy: Node[] | undefined;
  list.forEach((child, position) => {
    const after = rewriteNode(child, rules);
    if (after !== child) {
      copy ??= [...list];
      copy[position] = after;
    }
  });
  return copy ?? list;
}

/** Visitors by node kind, called before the children; `false` skips them. */
export type Visitors = { readonly [K in NodeKind]?: (node: NodeOf<K>) => boolean | void } & { readonly enter?: (node: Node) => boolean | void };

/** Visits `root` and what it uses, parents first, in evaluation order. */
export function visit(root: Node, visitors: Visitors): void {
  const stack: Node[] = [root];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (visitors.enter?.(node) === false) continue;
    const visitor = visitors[node.kind] as ((node: Node) => boolean | void) | undefined;
    if (visitor?.(node) === false) continue;
    const fields = FIELDS[node.kind] as Fields;
    const children: Node[] = [];
    for (const field in fields) {
      if (fields[field] !== "use") continue;
      const value = (node as unknown as Record<string, unknown>)[field] as Node | readonly Node[] | null;
      if (value === null) continue;
      if (Array.isArray(value)) children.push(...value);
      else children.push(value as Node);
    }
    for (let position = children.length - 1; position >= 0; position--) stack.push(children[position] as Node);
  }
}

/** Puts expressions in place of variables, wherever they are used. Types must agree. Loop variables bound inside are untouched. */
export function substitute<N extends Node>(root: N, replacements: ReadonlyMap<Var, Expr>): N {
  if (replacements.size === 0) return root;
  return rewrite(root, { Var: (node) => replacements.get(node) });
}
