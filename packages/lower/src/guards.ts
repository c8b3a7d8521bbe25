// Conditions of guards: taken apart into conjuncts, made independent of inner loop variables, solved for a loop variable.
import { type Binary, build, type Expr, int, type Var } from "@tilewright/ir";
import { floorDivide, larger, plus, smaller, times } from "./index-arithmetic.js";
import { type LinearForm, linearFormOf, type Term, toExpr } from "./linear-form.js";
import { someExpr } from "./operands.js";

/** Inclusive bounds of a loop variable. */
export interface Range {
  readonly min: Expr;
  readonly max: Expr;
}

/** The conditions whose conjunction `condition` is. */
export function conjunctsOf(condition: Expr): readonly Expr[] {
  const found: Expr[] = [];
  const work = [condition];
  for (let expr = work.pop(); expr !== undefined; expr = work.pop()) {
    if (expr.kind === "Binary" && expr.op === "and" && expr.lanes === 1) work.push(expr.right, expr.left);
    else found.push(expr);
  }
  return found;
}

/** The conjunction of `conditions`; undefined when there is none. */
export function conjunctionOf(conditions: readonly Expr[]): Expr | undefined {
  return conditions.length === 0 ? undefined : conditions.reduce((all, next) => build.binary("and", all, next));
}

/** True when one of `variables` stands in `expr`. */
export function mentions(expr: Expr, variables: { has(variable: Var): boolean }): boolean {
  return someExpr(expr, (node) => node.kind === "Var" && variables.has(node));
}

/** A comparison of `index` values as `form ≥ 0`. */
function nonNegative(condition: Expr): LinearForm | undefined {
  if (condition.kind !== "Binary" || condition.left.dtype !== "index" || condition.lanes !== 1) return undefined;
  const of = ({ left, right }: Binary, flip: boolean, strict: number): LinearForm =>
    linearFormOf(build.sub(flip ? right : left, plus(flip ? left : right, int(strict))));
  switch (condition.op) {
    case "lt":
      return of(condition, true, 1);
    case "le":
      return of(condition, true, 0);
    case "gt":
      return of(condition, false, 1);
    case "ge":
      return of(condition, false, 0);
    default:
      return undefined;
  }
}

/**
 * `form ≥ 0` for all values of the variables with `ranges`: each is replaced by the end where the form is smallest.
 * Undefined when a variable does not stand in the form linearly.
 */
function relaxed(form: LinearForm, ranges: ReadonlyMap<Var, Range>): LinearForm | undefined {
  let rest: LinearForm = form;
  for (let round = 0; round <= ranges.size; round++) {
    const bound: Term[] = [];
    const free: Term[] = [];
    for (const term of rest.terms) {
      if (term.atom.kind === "Var") (ranges.has(term.atom) ? bound : free).push(term);
      else if (mentions(term.atom, ranges)) return undefined;
      else free.push(term);
    }
    if (bound.length === 0) return rest;
    let sum = toExpr({ constant: rest.constant, terms: free });
    for (const { atom, coefficient } of bound) {
      const range = ranges.get(atom as Var) as Range;
      sum = plus(sum, times(coefficient > 0 ? range.min : range.max, int(coefficient)));
    }
    rest = linearFormOf(sum);
  }
  return undefined;
}

/** A condition free of the variables with `ranges` that is equivalent to `condition` holding for all their values. */
export function forAll(condition: Expr, ranges: ReadonlyMap<Var, Range>): Expr | undefined {
  if (!mentions(condition, ranges)) return condition;
  const form = nonNegative(condition);
  const rest = form === undefined ? undefined : relaxed(form, ranges);
  if (rest === undefined) return undefined;
  const positive = rest.terms.filter((term) => term.coefficient > 0);
  const negative = rest.terms
    .filter((term) => term.coefficient < 0)
    .map(({ atom, coefficient }) => ({ atom, coefficient: -coefficient }));
  const left = toExpr({ constant: Math.max(0, -rest.constant), terms: negative });
  const right = toExpr({ constant: Math.max(0, rest.constant), terms: positive });
  return build.binary("le", left, right);
}

/** Bounds of one variable; null is unbounded. `end` is exclusive. */
export interface Solution {
  readonly start: Expr | null;
  readonly end: Expr | null;
}

/**
 * The values of `variable` for which `condition` holds for all values of the variables with `ranges`: an interval, since only
 * linear comparisons are solved. Undefined for others.
 */
export function solve(condition: Expr, variable: Var, ranges: ReadonlyMap<Var, Range>): Solution | undefined {
  const form = nonNegative(condition);
  const all = form === undefined ? undefined : relaxed(form, ranges);
  if (all === undefined) return undefined;
  const own = all.terms.find((term) => term.atom === variable);
  if (own === undefined) return undefined;
  const others = all.terms.filter((term) => term !== own);
  if (others.some((term) => mentions(term.atom, new Set([variable])))) return undefined;
  const rest = { constant: all.constant, terms: others };
  const { coefficient } = own;
  // coefficient · x + rest ≥ 0
  if (coefficient > 0) {
    const negated = { constant: -rest.constant + coefficient - 1, terms: negate(rest.terms) };
    return { start: floorDivide(toExpr(negated), coefficient), end: null };
  }
  return { start: null, end: plus(floorDivide(toExpr(rest), -coefficient), int(1)) };
}

const negate = (terms: readonly Term[]): readonly Term[] =>
  terms.map(({ atom, coefficient }) => ({ atom, coefficient: -coefficient }));

/** The interval in which both hold. */
export function intersect(left: Solution, right: Solution): Solution {
  const both = (a: Expr | null, b: Expr | null, pick: (a: Expr, b: Expr) => Expr): Expr | null =>
    a === null ? b : b === null ? a : pick(a, b);
  return { start: both(left.start, right.start, larger), end: both(left.end, right.end, smaller) };
}
