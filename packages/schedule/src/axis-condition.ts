import { type Binary, build, constant, type Expr, type IterVar, int } from "@tilewright/ir";

/** A condition on the indices of a stage as data: `{ op: "le", left: { axis: 1 }, right: { axis: 0 } }`. */
export type AxisCondition =
  | number
  | boolean
  | { readonly axis: number }
  | { readonly op: "not"; readonly operand: AxisCondition }
  | { readonly op: string; readonly left: AxisCondition; readonly right: AxisCondition };

const ARITHMETIC: ReadonlySet<string> = new Set(["add", "sub", "mul", "floordiv", "floormod", "min", "max"]);
const COMPARISONS: ReadonlySet<string> = new Set(["lt", "le", "gt", "ge", "eq", "ne"]);
const LOGIC: ReadonlySet<string> = new Set(["and", "or"]);
/** Expressions inside each other, and all of them; deeper and larger ones are nobody's intent. */
const DEEPEST = 32;
const MOST = 4096;

type Fail = (why: string) => never;

/** A condition over axis variables as data. `fail` is told what is none. */
export function conditionJson(
  expr: Expr,
  axes: readonly IterVar[],
  fail: Fail,
  depth = 0,
  count = { left: MOST },
): AxisCondition {
  if (count.left-- <= 0) fail(`more than ${MOST} expressions`);
  if (depth > DEEPEST) fail(`expressions inside each other, more than ${DEEPEST} deep`);
  if (typeof expr !== "object" || expr === null || !("kind" in expr)) fail(`${String(expr)} in place of an expression`);
  const below = (operand: Expr): AxisCondition => conditionJson(operand, axes, fail, depth + 1, count);
  switch (expr.kind) {
    case "Const":
      return typeof expr.value === "boolean" ? expr.value : Number(expr.value);
    case "Var": {
      const axis = axes.findIndex(({ variable }) => variable === expr);
      return axis < 0 ? fail(`\`${expr.name}\`, which is no index of the stage`) : { axis };
    }
    case "Unary":
      return expr.op === "not" ? { op: "not", operand: below(expr.operand) } : fail(`the operation ${expr.op}`);
    case "Binary":
      return { op: expr.op, left: below(expr.left), right: below(expr.right) };
    default:
      return fail(`an expression of kind ${expr.kind}`);
  }
}

/** Data as a condition over axis variables. `fail` is told what is none. */
export function conditionOf(given: unknown, axes: readonly IterVar[], fail: Fail, depth = 0): Expr {
  if (typeof given === "boolean") return constant(given, "bool");
  if (typeof given === "number")
    return Number.isSafeInteger(given) ? int(given) : fail(`the number ${given}, which is no integer`);
  if (depth > DEEPEST) fail(`expressions inside each other, more than ${DEEPEST} deep`);
  if (typeof given !== "object" || given === null) return fail(`${String(given)} in place of an expression`);
  const { axis, op, operand, left, right } = given as { readonly [name: string]: unknown };
  if (axis !== undefined) return axes[axis as number]?.variable ?? fail(`there is no axis ${String(axis)}`);
  const below = (one: unknown): Expr => conditionOf(one, axes, fail, depth + 1);
  if (op === "not") return build.unary("not", typed(below(operand), "bool", fail));
  const isLogic = LOGIC.has(String(op));
  if (!isLogic && !ARITHMETIC.has(String(op)) && !COMPARISONS.has(String(op))) fail(`the operation ${String(op)}`);
  const wanted = isLogic ? "bool" : "index";
  const [x, y] = [typed(below(left), wanted, fail), typed(below(right), wanted, fail)];
  const divides = op === "floordiv" || op === "floormod";
  if (divides && (y.kind !== "Const" || Number(y.value) < 1)) fail("a division by what is no positive constant");
  return build.binary(op as Binary["op"], x, y);
}

function typed(expr: Expr, dtype: "bool" | "index", fail: Fail): Expr {
  return expr.dtype === dtype ? expr : fail(`an operand of type ${expr.dtype}, where ${dtype} belongs`);
}
