import { type Expr, isConst, operandsOf } from "@tilewright/ir";

/** Every distinct expression under `roots`, operands first. Iterative: chains may be long. */
export function postorder(
  roots: readonly Expr[],
  operands: (expr: Expr) => readonly Expr[] = operandsOf,
): readonly Expr[] {
  const order: Expr[] = [];
  const state = new Map<Expr, boolean>();
  const stack: Expr[] = [...roots].reverse();
  for (let expr = stack.at(-1); expr !== undefined; expr = stack.at(-1)) {
    const known = state.get(expr);
    if (known === undefined) {
      state.set(expr, false);
      const children = operands(expr);
      for (let position = children.length - 1; position >= 0; position--) {
        const child = children[position];
        if (child !== undefined && !state.has(child)) stack.push(child);
      }
    } else {
      stack.pop();
      if (!known) order.push(expr);
      state.set(expr, true);
    }
  }
  return order;
}

/** What one statement's expressions share, and which of them read memory. */
export interface Sharing {
  readonly uses: ReadonlyMap<Expr, number>;
  /** Expressions that hold a `Load`: not to be evaluated where the program would not. */
  readonly loads: ReadonlySet<Expr>;
}

/** Counts the uses of each expression under `roots`. */
export function sharingOf(roots: readonly Expr[]): Sharing {
  const uses = new Map<Expr, number>();
  const loads = new Set<Expr>();
  for (const root of roots) uses.set(root, (uses.get(root) ?? 0) + 1);
  for (const expr of postorder(roots)) {
    const operands = operandsOf(expr);
    if (expr.kind === "Load" || expr.kind === "Call" || operands.some((operand) => loads.has(operand))) loads.add(expr);
    for (const operand of operands) uses.set(operand, (uses.get(operand) ?? 0) + 1);
  }
  return { uses, loads };
}

/** True for a ramp of neighbours: the index of a contiguous access. */
export function isContiguous(index: Expr): boolean {
  return index.kind === "Ramp" && isConst(index.stride, 1);
}
