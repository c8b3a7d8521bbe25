import type { BinaryOp, Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { ceilDivide, floorDivide, floorModulo } from "./integers.js";
import { addLinear, constantLinear, contentOf, divideTerms, type Linear, partitionTerms, type Term } from "./linear.js";

/**
 * Comparisons of `index` sums: like terms cancel, common factors are divided out, bounds decide. What remains reads `p < q + c`,
 * `p ≤ q`, or `q ≥ c`, with positive coefficients on both sides.
 */
export function compareIndex(analyzer: Analyzer, op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
  const [a, b] = op === "gt" || op === "le" ? [right, left] : [left, right];
  const difference = addLinear(analyzer.linearOf(a), analyzer.linearOf(b), -1);
  if (difference === undefined) return undefined;
  if (op === "eq" || op === "ne") return equality(analyzer, op, difference);
  const negated = op === "ge" || op === "le";
  // a < b is Σ < limit; `ge` is its negation, −Σ < 1 − limit.
  const below = (sum: Linear): Expr => lessThan(analyzer, sum.terms, -sum.constant);
  if (!negated) return below(difference);
  const opposite = addLinear(constantLinear(-1), difference, -1);
  return opposite === undefined ? undefined : below(opposite);
}

const negative = (terms: readonly Term[]): readonly Term[] =>
  terms.map(({ atom, coefficient }) => ({ atom, coefficient: -coefficient }));

/** Σ terms < limit. */
function lessThan(analyzer: Analyzer, all: readonly Term[], bound: number): Expr {
  let [terms, limit] = [all, bound];
  const { min, max } = analyzer.linearBounds({ terms, constant: 0 });
  if (max < limit) return analyzer.const(true, "bool");
  if (min >= limit) return analyzer.const(false, "bool");
  const common = contentOf(terms);
  if (common > 1) [terms, limit] = [divideTerms(terms, common), ceilDivide(limit, common)];
  [terms, limit] = dropSmall(analyzer, terms, limit);
  const positive = terms.filter(({ coefficient }) => coefficient > 0);
  const others = negative(terms.filter(({ coefficient }) => coefficient < 0));
  if (positive.length === 0)
    return analyzer.plain("ge", analyzer.fromLinear({ terms: others, constant: 0 }), analyzer.int(1 - limit));
  const p = analyzer.fromLinear({ terms: positive, constant: 0 });
  if (others.length > 0 && limit === 1)
    return analyzer.plain("le", p, analyzer.fromLinear({ terms: others, constant: 0 }));
  return analyzer.plain("lt", p, analyzer.fromLinear({ terms: others, constant: limit }));
}

/** g·t + u < g·m with 0 ≤ u < g is t < m. */
function dropSmall(analyzer: Analyzer, terms: readonly Term[], limit: number): [readonly Term[], number] {
  if (terms.length < 2) return [terms, limit];
  for (const factor of new Set(terms.map(({ coefficient }) => Math.abs(coefficient)))) {
    if (factor <= 1 || floorModulo(limit, factor) !== 0) continue;
    const [multiples, small] = partitionTerms(terms, factor);
    const { min, max } = analyzer.linearBounds({ terms: small, constant: 0 });
    if (small.length > 0 && min >= 0 && max < factor)
      return dropSmall(analyzer, divideTerms(multiples, factor), floorDivide(limit, factor));
  }
  return [terms, limit];
}

function equality(analyzer: Analyzer, op: "eq" | "ne", difference: Linear): Expr {
  const { terms, constant } = difference;
  const truth = (equal: boolean): Expr => analyzer.const(equal === (op === "eq"), "bool");
  const { min, max } = analyzer.linearBounds(difference);
  if (min > 0 || max < 0) return truth(false);
  if (min === 0 && max === 0) return truth(true);
  const common = contentOf(terms);
  if (common > 0 && constant % common !== 0) return truth(false);
  const divided = divideTerms(terms, common * ((terms[0]?.coefficient ?? 1) < 0 ? -1 : 1));
  const limit = -constant / (common * ((terms[0]?.coefficient ?? 1) < 0 ? -1 : 1)) + 0;
  const positive = divided.filter(({ coefficient }) => coefficient > 0);
  const others = negative(divided.filter(({ coefficient }) => coefficient < 0));
  return analyzer.plain(
    op,
    analyzer.fromLinear({ terms: positive, constant: 0 }),
    analyzer.fromLinear({ terms: others, constant: limit }),
  );
}
