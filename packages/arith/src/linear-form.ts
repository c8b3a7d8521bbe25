import { type Expr, operandsOf, type Var } from "@tilewright/ir";
import type { Term } from "./linear.js";
import { type Context, Simplifier } from "./simplify.js";

/** Σ coefficient · variable + rest, where neither the coefficients nor the rest use the variables. */
export interface LinearForm {
  /** For each variable that occurs: constant or loop-invariant, never 0. */
  readonly coefficients: ReadonlyMap<Var, Expr>;
  readonly rest: Expr;
}

/** Whether any of `variables` occurs in an expression. */
export function usesAny(expr: Expr, variables: ReadonlySet<Var>): boolean {
  const seen = new Set<Expr>();
  const stack: Expr[] = [expr];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "Var" && variables.has(node)) return true;
    stack.push(...operandsOf(node));
  }
  return false;
}

/**
 * A scalar `index` expression as an affine function of `variables`; `undefined` when it is none, as in i·j, i // 4 or a load at i.
 * Coefficients may be loop-invariant expressions, as a stride that is a parameter.
 */
export function linearForm(expr: Expr, variables: Iterable<Var>, context: Context = {}): LinearForm | undefined {
  if (expr.dtype !== "index" || expr.lanes !== 1) return undefined;
  const wanted = new Set(variables);
  const simplifier = new Simplifier(context);
  const { analyzer } = simplifier;
  const sum = analyzer.linearOf(simplifier.canonical(expr));
  const coefficients = new Map<Var, Expr>();
  const rest: Term[] = [];
  for (const term of sum.terms) {
    if (!usesAny(term.atom, wanted)) {
      rest.push(term);
      continue;
    }
    const factors = analyzer.factorsOf(term.atom);
    const own = factors.filter((factor): factor is Var => factor.kind === "Var" && wanted.has(factor));
    const others = factors.filter((factor) => factor !== own[0]);
    const [variable] = own;
    if (own.length !== 1 || variable === undefined || others.some((factor) => usesAny(factor, wanted)))
      return undefined;
    const coefficient = analyzer.binary("mul", analyzer.monomial(others), analyzer.int(term.coefficient));
    const before = coefficients.get(variable);
    coefficients.set(variable, before === undefined ? coefficient : analyzer.binary("add", before, coefficient));
  }
  return { coefficients, rest: analyzer.fromLinear({ terms: rest, constant: sum.constant }) };
}
