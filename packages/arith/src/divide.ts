import type { Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { floorDivide, floorModulo, gcd } from "./integers.js";
import {
  addLinear,
  atomLinear,
  constantLinear,
  contentOf,
  divideTerms,
  type Linear,
  partitionTerms,
  scaleLinear,
  type Term,
} from "./linear.js";

type Division = "floordiv" | "floormod";

/**
 * ⌊s / d⌋ and s mod d of a sum s. The multiples of d in s come out: (a·d + r) // d = a + r // d and (a·d + r) mod d = r mod d. The
 * rest r is settled when it stays within one block of d. A common factor, or a part smaller than one, is cancelled:
 * (g·t + u) // (g·e) = t // e and (g·t + u) mod (g·e) = g · (t mod e) + u for 0 ≤ u < g.
 */
export function divideIndex(analyzer: Analyzer, op: Division, left: Expr, right: Expr): Expr | undefined {
  const divisor = analyzer.linearOf(right);
  const [only] = divisor.terms;
  if (only !== undefined) {
    const positive =
      divisor.terms.length === 1 &&
      divisor.constant === 0 &&
      only.coefficient > 0 &&
      analyzer.bounds(only.atom).min > 0;
    return positive ? divideBySymbol(analyzer, op, left, right, only) : undefined;
  }
  const d = divisor.constant;
  if (d <= 0) return undefined;
  const sum = byResidues(analyzer, analyzer.linearOf(left), d);
  const [multiples, others] = partitionTerms(sum.terms, d);
  const outside: Linear = { terms: divideTerms(multiples, d), constant: floorDivide(sum.constant, d) };
  const rest: Linear = { terms: others, constant: floorModulo(sum.constant, d) };
  if (others.length === 0) return op === "floordiv" ? analyzer.fromLinear(outside) : analyzer.int(rest.constant);
  const settled = settle(analyzer, op, rest, d) ?? reduceFactor(analyzer, op, rest, d);
  if (settled === undefined && multiples.length === 0 && outside.constant === 0) return undefined;
  const inner = settled ?? analyzer.binary(op, analyzer.fromLinear(rest), right);
  return op === "floordiv" ? total(analyzer, outside, inner) : inner;
}

/** A term x, no operation itself, that is known to be r modulo d is d·(x // d) + r. */
function byResidues(analyzer: Analyzer, sum: Linear, d: number): Linear {
  if (!analyzer.scope.hasResidues) return sum;
  let found = sum;
  for (const { atom, coefficient } of sum.terms) {
    const { modulus, remainder } = analyzer.modulus(atom);
    if (atom.kind === "Binary" || coefficient % d === 0 || modulus === 0 || modulus % d !== 0) continue;
    const quotient = analyzer.plain("floordiv", atom, analyzer.int(d));
    const written: Linear = { terms: [{ atom: quotient, coefficient: d }], constant: floorModulo(remainder, d) };
    const rest = addLinear(found, atomLinear(atom), -coefficient);
    found = (rest && addLinear(rest, written, coefficient)) ?? found;
  }
  return found;
}

function total(analyzer: Analyzer, outside: Linear, inner: Expr): Expr {
  return analyzer.binary("add", analyzer.fromLinear(outside), inner);
}

/** A rest that lies in one block, or has one residue. */
function settle(analyzer: Analyzer, op: Division, rest: Linear, d: number): Expr | undefined {
  const { min, max } = analyzer.linearBounds(rest);
  if (Number.isFinite(min) && Number.isFinite(max) && floorDivide(min, d) === floorDivide(max, d)) {
    const block = floorDivide(min, d);
    if (op === "floordiv") return analyzer.int(block);
    const shifted = addLinear(rest, constantLinear(block * d), -1);
    return shifted === undefined ? undefined : analyzer.fromLinear(shifted);
  }
  if (op === "floordiv") return undefined;
  const residue = analyzer.modulus(analyzer.fromLinear(rest));
  return residue.modulus % d === 0 ? analyzer.int(floorModulo(residue.remainder, d)) : undefined;
}

/** Cancels a factor that the divisor shares with some terms while the other terms stay below it. */
function reduceFactor(analyzer: Analyzer, op: Division, rest: Linear, d: number): Expr | undefined {
  const factors = new Set<number>();
  const common = gcd(contentOf(rest.terms), d);
  if (common > 1) factors.add(common);
  for (const { coefficient } of rest.terms) factors.add(gcd(coefficient, d));
  for (const factor of [...factors].sort((a, b) => b - a)) {
    if (factor <= 1) continue;
    const [multiples, others] = partitionTerms(rest.terms, factor);
    const small: Linear = { terms: others, constant: floorModulo(rest.constant, factor) };
    const { min, max } = analyzer.linearBounds(small);
    if (!(min >= 0 && max < factor) || multiples.length === 0) continue;
    const reduced = analyzer.fromLinear({
      terms: divideTerms(multiples, factor),
      constant: floorDivide(rest.constant, factor),
    });
    const inner = analyzer.binary(op, reduced, analyzer.int(d / factor));
    if (op === "floordiv") return inner;
    return analyzer.binary("add", analyzer.binary("mul", inner, analyzer.int(factor)), analyzer.fromLinear(small));
  }
  return undefined;
}

/** By c·n with n > 0: terms that are multiples come out, a rest that lies in 0 .. c·n is settled. */
function divideBySymbol(analyzer: Analyzer, op: Division, left: Expr, right: Expr, divisor: Term): Expr | undefined {
  const sum = analyzer.linearOf(left);
  let outside: Linear = constantLinear(0);
  const others: Term[] = [];
  for (const term of sum.terms) {
    const quotient = quotientOf(analyzer, term, divisor);
    const added = quotient === undefined ? undefined : addLinear(outside, quotient);
    if (added === undefined) others.push(term);
    else outside = added;
  }
  const rest: Linear = { terms: others, constant: sum.constant };
  const below = addLinear(rest, { terms: [divisor], constant: 0 }, -1);
  const inside = analyzer.linearBounds(rest).min >= 0 && below !== undefined && analyzer.linearBounds(below).max < 0;
  if (inside) return op === "floordiv" ? analyzer.fromLinear(outside) : analyzer.fromLinear(rest);
  if (others.length === sum.terms.length) return undefined;
  const inner = analyzer.binary(op, analyzer.fromLinear(rest), right);
  return op === "floordiv" ? total(analyzer, outside, inner) : inner;
}

function quotientOf(analyzer: Analyzer, { atom, coefficient }: Term, divisor: Term): Linear | undefined {
  if (coefficient % divisor.coefficient !== 0) return undefined;
  const left = [...analyzer.factorsOf(atom)];
  for (const factor of analyzer.factorsOf(divisor.atom)) {
    const position = left.indexOf(factor);
    if (position < 0) return undefined;
    left.splice(position, 1);
  }
  const times = coefficient / divisor.coefficient;
  return left.length === 0 ? constantLinear(times) : scaleLinear(atomLinear(analyzer.monomial(left)), times);
}
