import type { Expr } from "@tilewright/ir";

const NONE: readonly Expr[] = [];

/** The expressions directly below an expression, in evaluation order. Axes of a reduction are binders, not children. */
export function childrenOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case "Const":
    case "Var":
      return NONE;
    case "Unary":
    case "Cast":
    case "Reinterpret":
    case "Broadcast":
      return [node.operand];
    case "Binary":
      return [node.left, node.right];
    case "Select":
    case "IfThenElse":
      return [node.condition, node.whenTrue, node.whenFalse];
    case "Ramp":
      return [node.base, node.stride];
    case "Load":
      return node.predicate === null ? node.indices : [...node.indices, node.predicate];
    case "Shuffle":
      return node.vectors;
    case "Call":
      return node.args;
    case "Read":
      return node.indices;
    case "Reduce":
      return [...node.sources, ...(node.condition === null ? [] : [node.condition]), ...(node.initial ?? [])];
    default:
      return node satisfies never;
  }
}

/** The node with other children, in the order of `childrenOf`; the node itself when they are the same. */
export function withChildren(node: Expr, children: readonly Expr[]): Expr {
  const before = childrenOf(node);
  if (before.every((child, position) => child === children[position])) return node;
  const [a, b, c] = children as readonly [Expr, Expr, Expr];
  switch (node.kind) {
    case "Const":
    case "Var":
      return node;
    case "Unary":
    case "Cast":
    case "Reinterpret":
    case "Broadcast":
      return { ...node, operand: a };
    case "Binary":
      return { ...node, left: a, right: b };
    case "Select":
    case "IfThenElse":
      return { ...node, condition: a, whenTrue: b, whenFalse: c };
    case "Ramp":
      return { ...node, base: a, stride: b };
    case "Load": {
      const count = node.indices.length;
      return {
        ...node,
        indices: children.slice(0, count),
        predicate: node.predicate === null ? null : (children[count] ?? null),
      };
    }
    case "Shuffle":
      return { ...node, vectors: children };
    case "Call":
      return { ...node, args: children };
    case "Read":
      return { ...node, indices: children };
    case "Reduce": {
      const count = node.sources.length;
      const after = count + (node.condition === null ? 0 : 1);
      return {
        ...node,
        sources: children.slice(0, count),
        condition: node.condition === null ? null : (children[count] ?? null),
        initial: node.initial === null ? null : children.slice(after),
      };
    }
    default:
      return node satisfies never;
  }
}

/** Pairs of nodes that are compared at most: shared nodes count once for each use. */
const MOST_COMPARED = 10_000;

/** Whether two expressions have one structure, spans aside. False when that takes too long to tell. */
export function isSameExpr(one: Expr, other: Expr): boolean {
  const stack: Expr[] = [one, other];
  for (let count = 0; stack.length > 0; count++) {
    const b = stack.pop() as Expr;
    const a = stack.pop() as Expr;
    if (a === b) continue;
    const [x, y] = [childrenOf(a), childrenOf(b)];
    if (count > MOST_COMPARED || x.length !== y.length || !isSameNode(a, b)) return false;
    x.forEach((child, position) => void stack.push(child, y[position] as Expr));
  }
  return true;
}

function isSameNode(a: Expr, b: Expr): boolean {
  if (a.kind !== b.kind || a.dtype !== b.dtype || a.lanes !== b.lanes) return false;
  if (a.kind === "Const") return Object.is(a.value, (b as typeof a).value);
  if (a.kind === "Unary") return a.op === (b as typeof a).op && a.fast === (b as typeof a).fast;
  if (a.kind === "Binary") return a.op === (b as typeof a).op && a.fast === (b as typeof a).fast;
  if (a.kind === "Load")
    return a.buffer === (b as typeof a).buffer && (a.predicate === null) === ((b as typeof a).predicate === null);
  if (a.kind === "Read") return a.tensor === (b as typeof a).tensor;
  if (a.kind === "Shuffle") return a.picks.join() === (b as typeof a).picks.join();
  return a.kind !== "Var" && a.kind !== "Call" && a.kind !== "Reduce";
}
