import type { Expr } from "./expr.js";

const NONE: readonly Expr[] = [];

/** The expressions directly below an expression, in evaluation order. Axes of a reduction are binders, not operands. A kind that is missing here does not compile. */
export function operandsOf(node: Expr): readonly Expr[] {
  switch (node.kind) {
    case "Binary":
      return [node.left, node.right];
    case "Const":
    case "Var":
      return NONE;
    case "Broadcast":
    case "Unary":
    case "Cast":
    case "Reinterpret":
      return [node.operand];
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

/** The expression with other operands, in the order of `operandsOf`; the expression itself when they are the same. */
export function withOperands(node: Expr, children: readonly Expr[]): Expr {
  const before = operandsOf(node);
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
