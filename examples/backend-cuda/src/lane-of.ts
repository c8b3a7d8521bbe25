import { build, type Expr, isConst, operandsOf, withOperands } from "@tilewright/ir";

/**
 * The scalar expression that is one lane of a vector expression. What is shared stays shared, within one lane, as long as `known` is the same.
 */
export function laneOf(expr: Expr, lane: number, known: Map<Expr, Expr>): Expr {
  if (expr.lanes === 1) return expr;
  const before = known.get(expr);
  if (before !== undefined) return before;
  const made = find(expr, lane, known);
  known.set(expr, made);
  return made;
}

function find(expr: Expr, lane: number, known: Map<Expr, Expr>): Expr {
  switch (expr.kind) {
    case "Broadcast":
      return expr.operand;
    case "Ramp": {
      const offset = build.const(lane, expr.dtype);
      if (lane === 0) return expr.base;
      return build.add(expr.base, isConst(expr.stride, 1) ? offset : build.mul(offset, expr.stride));
    }
    case "Shuffle": {
      let pick = expr.picks[lane] ?? 0;
      const from = expr.vectors.find((vector) => {
        if (pick < vector.lanes) return true;
        pick -= vector.lanes;
        return false;
      });
      return from === undefined ? expr : laneOf(from, pick, new Map());
    }
    case "Var":
    case "Call":
      return build.shuffle([expr], [lane]);
    case "Load": {
      const [index] = expr.indices;
      const predicate = expr.predicate === null ? null : laneOf(expr.predicate, lane, known);
      return index === undefined ? expr : build.load(expr.buffer, [laneOf(index, lane, known)], predicate);
    }
    default: {
      const scalar = withOperands(
        expr,
        operandsOf(expr).map((operand) => laneOf(operand, lane, known)),
      );
      return { ...scalar, lanes: 1 } as Expr;
    }
  }
}
