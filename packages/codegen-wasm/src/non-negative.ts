/**
 * Which index expressions are never negative. Divisions of such ones by powers of two are shifts, others need no correction.
 * A register counts when its initial value does and every assignment keeps it so (proved together, by dropping what fails).
 */
import { type Assign, type Expr, isConst, isSigned, type PrimFunc, type Var, visit } from "@tilewright/ir";

export function isNonNegative(expr: Expr, known: ReadonlySet<Var>): boolean {
  if (!isSigned(expr.dtype)) return true;
  switch (expr.kind) {
    case "Const":
      return Number(expr.value) >= 0;
    case "Var":
      return known.has(expr);
    case "Select":
    case "IfThenElse":
      return isNonNegative(expr.whenTrue, known) && isNonNegative(expr.whenFalse, known);
    case "Binary":
      break;
    default:
      return false;
  }
  const { op, left, right, dtype } = expr;
  if (op === "max") return isNonNegative(left, known) || isNonNegative(right, known);
  if (op === "floormod") return isConst(right) && Number(right.value) > 0;
  if (op === "min" || op === "floordiv" || op === "truncdiv" || op === "truncmod")
    return isNonNegative(left, known) && isNonNegative(right, known);
  if (op === "add" || op === "mul")
    return dtype === "index" && isNonNegative(left, known) && isNonNegative(right, known);
  return op === "shr" && isNonNegative(left, known);
}

/** Variables of a function that are never negative, by index arithmetic alone. */
export function nonNegativeVariables(func: PrimFunc): Set<Var> {
  const known = new Set<Var>();
  const claims: { readonly variable: Var; readonly value: Expr }[] = [];
  const claim = (variable: Var, value: Expr): void => {
    if (variable.dtype !== "index" || variable.lanes !== 1) return;
    known.add(variable);
    claims.push({ variable, value });
  };
  if (func.role === "parallel") {
    for (const parameter of func.parameters.slice(0, 2)) if (parameter.kind === "Var") known.add(parameter);
  }
  visit(func.body, {
    For: (loop) => claim(loop.loopVar, loop.min),
    Let: (node) => claim(node.variable, node.value),
    Register: (node) => claim(node.variable, node.initial),
    Assign: (node: Assign) => claim(node.variable, node.value),
  });
  for (let changed = true; changed; ) {
    changed = false;
    for (const { variable, value } of claims) {
      if (!known.has(variable) || isNonNegative(value, known)) continue;
      known.delete(variable);
      changed = true;
    }
  }
  return known;
}
