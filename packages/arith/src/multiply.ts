import type { Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { addLinear, constantLinear, type Linear, scaleLinear, type Term } from "./linear.js";
import { recompose } from "./recompose.js";

/** A product of `index` sums: constant factors go into the coefficients, a sum is distributed over a single term. */
export function multiplyIndex(analyzer: Analyzer, left: Expr, right: Expr): Expr {
  const a = analyzer.linearOf(left);
  const b = analyzer.linearOf(right);
  if (a.terms.length === 0 || b.terms.length === 0) {
    const scaled = a.terms.length === 0 ? scaleLinear(b, a.constant) : scaleLinear(a, b.constant);
    return scaled === undefined ? analyzer.plain("mul", left, right) : analyzer.fromLinear(recompose(analyzer, scaled));
  }
  const [one, many] = singleTerm(b) === undefined ? [singleTerm(a), b] : [singleTerm(b), a];
  if (one === undefined) return analyzer.monomial([left, right]);
  const terms: Term[] = many.terms.map(({ atom, coefficient }) => ({
    atom: analyzer.monomial([...analyzer.factorsOf(atom), ...analyzer.factorsOf(one.atom)]),
    coefficient: coefficient * one.coefficient,
  }));
  if (many.constant !== 0) terms.push({ atom: one.atom, coefficient: one.coefficient * many.constant });
  let sum: Linear | undefined = constantLinear(0);
  for (const term of terms) sum = sum && addLinear(sum, { terms: [term], constant: 0 });
  return sum === undefined ? analyzer.plain("mul", left, right) : analyzer.fromLinear(recompose(analyzer, sum));
}

const singleTerm = ({ terms, constant }: Linear): Term | undefined =>
  terms.length === 1 && constant === 0 ? terms[0] : undefined;
