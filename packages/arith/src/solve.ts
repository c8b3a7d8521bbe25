import { build, type Expr, isConst, type Var } from "@tilewright/ir";
import { ceilDivision, linearForm, usesAny } from "./linear-form.js";
import { type Context, simplify } from "./simplify.js";

/** The integers `min ≤ variable ≤ max`; null where there is no such end. Both ends are free of the variable. */
export interface Solution {
  readonly min: Expr | null;
  readonly max: Expr | null;
  /** What else must hold and does not depend on the variable; null: nothing. */
  readonly remainder: Expr | null;
}

const ALWAYS: Solution = { min: null, max: null, remainder: null };

/**
 * Solves a condition for one `index` variable: it holds exactly when `remainder` does and the variable lies between the ends.
 * Understands affine comparisons but `ne`, and conjunctions of them; a condition free of the variable is a remainder.
 * @returns `undefined` when the condition has another form
 */
export function solveFor(condition: Expr, variable: Var, context: Context = {}): Solution | undefined {
  const conditions: Expr[] = [];
  const stack: Expr[] = [simplify(condition, context)];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.kind === "Binary" && node.op === "and" && node.lanes === 1) stack.push(node.right, node.left);
    else conditions.push(node);
  }
  let found: Solution | undefined = ALWAYS;
  for (const each of conditions) {
    const one = solveOne(each, variable, context);
    found = found && one && meet(found, one);
  }
  if (found === undefined) return undefined;
  const tidy = (end: Expr | null): Expr | null => (end === null ? null : simplify(end, context));
  return { min: tidy(found.min), max: tidy(found.max), remainder: found.remainder };
}

function meet(a: Solution, b: Solution): Solution {
  const both = (op: "min" | "max" | "and", x: Expr | null, y: Expr | null): Expr | null =>
    x === null ? y : y === null ? x : build.binary(op, x, y);
  return {
    min: both("max", a.min, b.min),
    max: both("min", a.max, b.max),
    remainder: both("and", a.remainder, b.remainder),
  };
}

function solveOne(condition: Expr, variable: Var, context: Context): Solution | undefined {
  if (!usesAny(condition, new Set([variable])))
    return isConst(condition) && condition.value === true ? ALWAYS : { ...ALWAYS, remainder: condition };
  if (condition.kind !== "Binary" || condition.left.dtype !== "index" || condition.lanes !== 1) return undefined;
  const { op, left, right } = condition;
  switch (op) {
    case "lt":
      return atMostZero(build.add(build.sub(left, right), build.int(1)), variable, context);
    case "le":
      return atMostZero(build.sub(left, right), variable, context);
    case "gt":
      return atMostZero(build.add(build.sub(right, left), build.int(1)), variable, context);
    case "ge":
      return atMostZero(build.sub(right, left), variable, context);
    case "eq": {
      const [below, above] = [
        atMostZero(build.sub(left, right), variable, context),
        atMostZero(build.sub(right, left), variable, context),
      ];
      return below && above && meet(below, above);
    }
    default:
      return undefined;
  }
}

/** a·v + r ≤ 0: v ≤ ⌊−r / a⌋ for a > 0, v ≥ ⌈r / −a⌉ for a < 0. */
function atMostZero(sum: Expr, variable: Var, context: Context): Solution | undefined {
  const form = linearForm(sum, [variable], context);
  const coefficient = form?.coefficients.get(variable);
  if (form === undefined || coefficient?.kind !== "Const") return undefined;
  const a = Number(coefficient.value);
  if (a < 0) return { ...ALWAYS, min: ceilDivision(form.rest, -a) };
  return { ...ALWAYS, max: build.binary("floordiv", build.sub(build.int(0), form.rest), build.int(a)) };
}
