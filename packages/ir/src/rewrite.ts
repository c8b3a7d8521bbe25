import type { Span } from "@tilewright/diagnostics";
import { at, type Builder } from "./build.js";
import { type Asked, asked, isQuiet, PLANS, type Plan, REMEMBERED } from "./children.js";
import type { Expr, Var } from "./expr.js";
import type { Node, NodeKind, NodeOf } from "./fields.js";
import type { Stmt } from "./stmt.js";

/** What may stand where a node of kind K stood: an expression for an expression, a statement for a statement. */
export type Replacement<K extends NodeKind> = NodeOf<K> extends Expr ? Expr : NodeOf<K> extends Stmt ? Stmt : NodeOf<K>;

/** Called when children are done; `undefined` leaves the node as it is. `at` stamps the span of the replaced node. */
export type Leave<K extends NodeKind> = (node: NodeOf<K>, at: Builder) => Replacement<K> | undefined;

/**
 * `enter` is called before the children; what it returns replaces the node: its children are not visited and `leave` is not called.
 * A rule with both opens a scope: every `enter` that returned `undefined` is followed by its `leave`, and no result found for a shared
 * node inside is used outside, or the other way round.
 */
export interface EnterLeave<K extends NodeKind> {
  readonly enter?: (node: NodeOf<K>, at: Builder) => Replacement<K> | undefined;
  readonly leave?: Leave<K>;
}

/** Rules by node kind; a plain function is a `leave`. */
export type Rules = { readonly [K in NodeKind]?: Leave<K> | EnterLeave<K> };

type AnyHook = (node: Node, at: Builder) => Node | undefined;
type AnyRule = AnyHook | { readonly enter?: AnyHook; readonly leave?: AnyHook };

/** A node whose children are being rewritten. Frames are reused, one for each depth. */
interface Frame {
  node: Node;
  plan: Plan;
  rule: AnyRule | undefined;
  /** The field at work, and the place in it when it holds a list (−1: not in a list). */
  field: number;
  place: number;
  list: readonly Node[];
  /** Copies of the list and of the node, made at the first change. */
  listCopy: Node[] | undefined;
  copy: Record<string, unknown> | undefined;
  /** Visits when this node was entered. */
  visits: number;
  /** What was remembered outside the scope that this node opens; undefined: it opens none. */
  outside: Map<Node, Node> | undefined;
}

const NONE: readonly Node[] = [];

/**
 * Rebuilds `root` bottom-up with `rules`. Nodes that nothing changed keep their identity; what a rule returns is not visited again.
 * Binders are never offered to rules. Statements are visited wherever they stand, in order; an expression that is shared within one
 * expression is visited at least once and the work is linear in its distinct nodes (what big shared subtrees became is remembered until the
 * expression, or the scope of an enter/leave rule, ends). Nesting is limited by memory alone.
 */
export function rewrite<N extends Node>(root: N, rules: Rules): N {
  return drive(root, asked(rules as unknown as { readonly [kind: string]: AnyRule | undefined })) as N;
}

function drive(root: Node, asks: Asked<AnyRule>): Node {
  const frames: Frame[] = [];
  const builderFor = builders();
  let depth = -1;
  let visits = 0;
  let memo = new Map<Node, Node>();
  let current: Node = root;
  for (;;) {
    // Down: enter `current`, unless it is done at once.
    visits++;
    const plan: Plan = PLANS[current.kind];
    const rule = asks.byIndex[plan.index];
    let result: Node | undefined;
    let scoped = false;
    if (plan.isExpr && memo.size > 0) result = memo.get(current);
    if (result === undefined && typeof rule === "object" && rule.enter !== undefined) {
      result = rule.enter(current, builderFor(current.span));
      scoped = rule.leave !== undefined;
    }
    if (result === undefined) {
      if (plan.isLeaf) result = rule === undefined ? current : (leave(rule, current, builderFor) ?? current);
      else {
        depth++;
        open(frames, depth, current, plan, rule, visits, scoped ? memo : undefined);
        if (scoped) memo = new Map();
      }
    }
    // Up: hand results to parents until one has another child to visit.
    for (;;) {
      if (depth < 0) return result as Node;
      const frame = frames[depth] as Frame;
      if (result !== undefined) settle(frame, result);
      const next = advance(frame, asks);
      if (next !== undefined) {
        if (memo.size > 0 && !frame.plan.isExpr) memo.clear();
        current = next;
        break;
      }
      const rebuilt = (frame.copy ?? frame.node) as Node;
      result = frame.rule === undefined ? rebuilt : (leave(frame.rule, rebuilt, builderFor) ?? rebuilt);
      if (frame.outside !== undefined) memo = frame.outside;
      if (frame.plan.isExpr && visits - frame.visits >= REMEMBERED) {
        memo.set(frame.node, result);
        visits = frame.visits;
      }
      depth--;
    }
  }
}

/** Makes or reuses the frame of a depth. */
function open(
  frames: Frame[],
  depth: number,
  node: Node,
  plan: Plan,
  rule: AnyRule | undefined,
  visits: number,
  outside: Frame["outside"],
): void {
  const frame = frames[depth];
  if (frame === undefined) {
    const [field, place, list] = [0, -1, NONE];
    frames.push({ node, plan, rule, field, place, list, listCopy: undefined, copy: undefined, visits, outside });
    return;
  }
  frame.node = node;
  frame.plan = plan;
  frame.rule = rule;
  frame.field = 0;
  frame.place = -1;
  frame.copy = undefined;
  frame.visits = visits;
  frame.outside = outside;
}

function leave(rule: AnyRule, node: Node, builderFor: (span: Span) => Builder): Node | undefined {
  return typeof rule === "function" ? rule(node, builderFor(node.span)) : rule.leave?.(node, builderFor(node.span));
}

/** Puts the rewritten child into the parent's copy, if it changed. */
function settle(frame: Frame, result: Node): void {
  const { place } = frame;
  if (place < 0) {
    const before = (frame.plan.getters[frame.field] as (node: Node) => unknown)(frame.node);
    if (result !== before) set(frame, result);
    frame.field++;
    return;
  }
  if (result !== frame.list[place]) {
    frame.listCopy ??= [...frame.list];
    frame.listCopy[place] = result;
  }
  frame.place = place + 1;
}

function set(frame: Frame, value: unknown): void {
  frame.copy ??= { ...frame.node } as unknown as Record<string, unknown>;
  frame.copy[frame.plan.names[frame.field] as string] = value;
}

/** The next child to visit; undefined when all are done. What no rule is about is passed over, as in `visit`. */
function advance(frame: Frame, asks: Asked<AnyRule>): Node | undefined {
  const { getters } = frame.plan;
  let { field } = frame;
  for (; field < getters.length; field++) {
    if (frame.place < 0) {
      const child = (getters[field] as (node: Node) => Node | readonly Node[] | null)(frame.node);
      if (child === null || child === undefined) continue;
      if (!Array.isArray(child)) {
        if (isQuiet(PLANS[(child as Node).kind], asks)) continue;
        frame.field = field;
        return child as Node;
      }
      frame.list = child;
      frame.listCopy = undefined;
      frame.place = 0;
    }
    const { list } = frame;
    for (let { place } = frame; place < list.length; place++) {
      const child = list[place] as Node;
      if (isQuiet(PLANS[child.kind], asks)) continue;
      frame.field = field;
      frame.place = place;
      return child;
    }
    frame.field = field;
    if (frame.listCopy !== undefined) set(frame, frame.listCopy);
    frame.place = -1;
  }
  return undefined;
}

/** Builders for spans; the last one is kept, since neighbours mostly come from one place. */
function builders(): (span: Span) => Builder {
  let last: Builder | undefined;
  return (span) => {
    if (last === undefined || last.span !== span) last = at(span);
    return last;
  };
}

/** Puts expressions in place of variables, wherever they are used. Types must agree. Loop variables bound inside are untouched. */
export function substitute<N extends Node>(root: N, replacements: ReadonlyMap<Var, Expr>): N {
  if (replacements.size === 0) return root;
  return rewrite(root, { Var: (node) => replacements.get(node) });
}
