import type { Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { ceilDivide, floorDivide, floorModulo } from "./integers.js";
import { addIntervals, type Interval, scaleInterval } from "./interval.js";
import { addLinear, type Linear, type Term } from "./linear.js";
import type { Scope } from "./scope.js";

const NEGATION = { eq: "ne", ne: "eq", lt: "ge", ge: "lt", le: "gt", gt: "le" } as const;
const isComparison = (op: string): op is keyof typeof NEGATION => op in NEGATION;

/** Records in the analyzer's scope that a simplified condition is true, or false, and what follows for sums and single terms. */
export function assume(analyzer: Analyzer, condition: Expr, truth: boolean): void {
  const stack: [Expr, boolean][] = [[condition, truth]];
  const { scope } = analyzer;
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    const [fact, value] = entry;
    if (fact.kind === "Const" || fact.lanes > 1 || analyzer.interner.isImpure(fact)) continue;
    if (fact.kind === "Unary" && fact.op === "not") stack.push([fact.operand, !value]);
    else if (fact.kind === "Binary" && fact.op === (value ? "and" : "or"))
      stack.push([fact.left, value], [fact.right, value]);
    else if (fact.kind === "Binary" && fact.left.dtype === "index" && isComparison(fact.op)) {
      assumeComparison(analyzer, scope, value ? fact.op : NEGATION[fact.op], fact.left, fact.right);
    }
    scope.assume(fact, value);
  }
}

function assumeComparison(analyzer: Analyzer, scope: Scope, op: keyof typeof NEGATION, left: Expr, right: Expr): void {
  const difference = addLinear(analyzer.linearOf(left), analyzer.linearOf(right), -1);
  if (difference === undefined || op === "ne") return;
  if (op === "eq") assumeResidue(analyzer, scope, difference);
  const upper = op === "lt" ? -1 : op === "le" || op === "eq" ? 0 : Number.POSITIVE_INFINITY;
  const lower = op === "gt" ? 1 : op === "ge" || op === "eq" ? 0 : Number.NEGATIVE_INFINITY;
  assumeInterval(analyzer, scope, difference, { min: lower, max: upper });
}

/** x mod d is r: so the residue of x is known, and that of its only term. */
function assumeResidue(analyzer: Analyzer, scope: Scope, difference: Linear): void {
  const [term] = difference.terms;
  if (term === undefined || difference.terms.length > 1 || Math.abs(term.coefficient) !== 1) return;
  const { atom } = term;
  if (atom.kind !== "Binary" || atom.op !== "floormod" || atom.lanes !== 1 || atom.right.kind !== "Const") return;
  const modulus = Number(atom.right.value);
  const dividend = analyzer.linearOf(atom.left);
  const [own] = dividend.terms;
  if (!(modulus > 0) || own === undefined || dividend.terms.length > 1 || Math.abs(own.coefficient) !== 1) return;
  const residue = -difference.constant * term.coefficient - dividend.constant;
  scope.assumeResidue(own.atom, { modulus, remainder: floorModulo(residue * own.coefficient, modulus) });
}

/** `sum` lies in `interval`. */
function assumeInterval(analyzer: Analyzer, scope: Scope, sum: Linear, interval: Interval): void {
  const shifted = { min: interval.min - sum.constant, max: interval.max - sum.constant };
  for (const term of sum.terms) assumeTerm(analyzer, scope, term, sum.terms, shifted);
  if (sum.terms.length > 1) {
    const { key, factor, terms } = analyzer.direction(sum.terms);
    scope.assumeDirection(key, terms, divideInterval(shifted, factor));
  }
  scope.bounds.clear();
}

/** One term is the interval less all others. */
function assumeTerm(analyzer: Analyzer, scope: Scope, term: Term, terms: readonly Term[], interval: Interval): void {
  let own = interval;
  for (const other of terms) {
    if (other !== term) own = addIntervals(own, scaleInterval(analyzer.bounds(other.atom), -other.coefficient));
  }
  scope.assumeAtom(term.atom, divideInterval(own, term.coefficient));
}

/** The integers x with factor · x in an interval. */
function divideInterval({ min, max }: Interval, factor: number): Interval {
  const [low, high] = factor > 0 ? [min, max] : [max, min];
  return {
    min: Number.isFinite(low) ? ceilDivide(low, factor) : Number.NEGATIVE_INFINITY,
    max: Number.isFinite(high) ? floorDivide(high, factor) : Number.POSITIVE_INFINITY,
  };
}
