import type { BinaryOp, Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { floorDivide, floorModulo } from "./integers.js";
import { addLinear, constantLinear, contentOf, divideTerms, type Linear, partitionTerms, type Term } from "./linear.js";
import { recompose } from "./recompose.js";

/**
 * Comparisons of `index` sums: like terms cancel, common factors are divided out, bounds decide. What remains reads `p < q + c`,
 * `p ≤ q`, or `q ≥ c`, with positive coefficients on both sides.
 */
export function compareIndex(analyzer: Analyzer, op: BinaryOp, left: Expr, right: Expr): Expr | undefined {
  const [a, b] = op === "gt" || op === "le" ? [right, left] : [left, right];
  const difference = addLinear(analyzer.linearOf(a), analyzer.linearOf(b), -1);
  if (difference === undefined) return undefined;
  if (op === "eq" || op === "ne") return equality(analyzer, op, difference);
  if (op === "lt" || op === "gt") return belowZero(analyzer, difference);
  // `ge` and `le` are negations: ¬(s < 0) is −s − 1 < 0.
  const opposite = addLinear(constantLinear(-1), difference, -1);
  return opposite === undefined ? undefined : belowZero(analyzer, opposite);
}

const negative = (terms: readonly Term[]): readonly Term[] =>
  terms.map(({ atom, coefficient }) => ({ atom, coefficient: -coefficient }));

/** Rewriting of one comparison stops after so many rounds. */
const ROUNDS = 8;

/** s < 0, where s is the sum. */
function belowZero(analyzer: Analyzer, whole: Linear): Expr {
  let sum = recompose(analyzer, whole);
  const { min, max } = analyzer.linearBounds(sum);
  if (max < 0) return analyzer.const(true, "bool");
  if (min >= 0) return analyzer.const(false, "bool");
  for (let round = 0; round < ROUNDS; round++) {
    const next = recompose(analyzer, dropSmall(analyzer, dropFactor(sum)));
    if (next.terms === sum.terms || next.terms.length === 0) break;
    sum = next;
  }
  const positive: Linear = { terms: sum.terms.filter(({ coefficient }) => coefficient > 0), constant: 0 };
  const others = negative(sum.terms.filter(({ coefficient }) => coefficient < 0));
  const right = (constant: number): Expr => analyzer.fromLinear({ terms: others, constant: constant + 0 });
  if (positive.terms.length === 0) return analyzer.plain("ge", right(0), analyzer.int(sum.constant + 1));
  const left = analyzer.fromLinear(positive);
  return others.length > 0 && sum.constant === -1
    ? analyzer.plain("le", left, right(0))
    : analyzer.plain("lt", left, right(-sum.constant));
}

/** g·t + c < 0 is t + ⌊c / g⌋ < 0. */
function dropFactor(sum: Linear): Linear {
  const common = contentOf(sum.terms);
  return common > 1 ? { terms: divideTerms(sum.terms, common), constant: floorDivide(sum.constant, common) } : sum;
}

/** g·t + u + g·c < 0 with 0 ≤ u < g is t + c < 0. */
function dropSmall(analyzer: Analyzer, sum: Linear): Linear {
  if (sum.terms.length < 2) return sum;
  for (const factor of new Set(sum.terms.map(({ coefficient }) => Math.abs(coefficient)))) {
    if (factor <= 1 || floorModulo(sum.constant, factor) !== 0) continue;
    const [multiples, small] = partitionTerms(sum.terms, factor);
    const { min, max } = analyzer.linearBounds({ terms: small, constant: 0 });
    if (small.length === 0 || min < 0 || max >= factor) continue;
    return { terms: divideTerms(multiples, factor), constant: floorDivide(sum.constant, factor) };
  }
  return sum;
}

function equality(analyzer: Analyzer, op: "eq" | "ne", difference: Linear): Expr {
  const truth = (equal: boolean): Expr => analyzer.const(equal === (op === "eq"), "bool");
  let sum = recompose(analyzer, difference);
  const { min, max } = analyzer.linearBounds(sum);
  if (min > 0 || max < 0) return truth(false);
  if (min === 0 && max === 0) return truth(true);
  for (
    let common = contentOf(sum.terms), round = 0;
    common > 1 && round < ROUNDS;
    common = contentOf(sum.terms), round++
  ) {
    if (sum.constant % common !== 0) return truth(false);
    sum = recompose(analyzer, { terms: divideTerms(sum.terms, common), constant: sum.constant / common + 0 });
  }
  const sign = (sum.terms[0]?.coefficient ?? 1) < 0 ? -1 : 1;
  const oriented = sum.terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient * sign }));
  const left = analyzer.fromLinear({ terms: oriented.filter(({ coefficient }) => coefficient > 0), constant: 0 });
  const others = negative(oriented.filter(({ coefficient }) => coefficient < 0));
  return analyzer.plain(op, left, analyzer.fromLinear({ terms: others, constant: -sum.constant * sign + 0 }));
}
