import type { Expr } from "@tilewright/ir";
import { gcd } from "./integers.js";

/** `coefficient · atom`, where the atom is an interned `index` expression that is no sum and has no constant factor. */
export interface Term {
  readonly atom: Expr;
  readonly coefficient: number;
}

/** Σ terms + constant over `index`. Atoms are distinct, in the order of their first appearance; coefficients are not 0. */
export interface Linear {
  readonly terms: readonly Term[];
  readonly constant: number;
}

/** Beyond so many terms a sum is an atom, which keeps long sums linear in time. */
const LONGEST = 64;

export const constantLinear = (constant: number): Linear => ({ terms: [], constant });
export const atomLinear = (atom: Expr): Linear => ({ terms: [{ atom, coefficient: 1 }], constant: 0 });

/** a + factor · b; `undefined` when it grows too long or leaves the integers that doubles hold. */
export function addLinear(a: Linear, b: Linear, factor = 1): Linear | undefined {
  const constant = multiplyAdd(a.constant, b.constant, factor);
  if (constant === undefined) return undefined;
  if (b.terms.length === 0) return { terms: a.terms, constant };
  const terms: Term[] = [...a.terms];
  for (let k = 0; k < b.terms.length; k++) {
    const { atom, coefficient } = b.terms[k] as Term;
    const position = indexOf(terms, atom, a.terms.length);
    const total = multiplyAdd(position < 0 ? 0 : (terms[position]?.coefficient ?? 0), coefficient, factor);
    if (total === undefined) return undefined;
    if (position < 0) terms.push({ atom, coefficient: total });
    else terms[position] = { atom, coefficient: total };
  }
  const kept = terms.some(({ coefficient }) => coefficient === 0)
    ? terms.filter(({ coefficient }) => coefficient !== 0)
    : terms;
  return kept.length > LONGEST ? undefined : { terms: kept, constant };
}

/** a + b · factor; `undefined` where a double would round. */
function multiplyAdd(a: number, b: number, factor: number): number | undefined {
  const product = b * factor;
  const total = a + product + 0;
  return Number.isSafeInteger(product) && Number.isSafeInteger(total) ? total : undefined;
}

/** Sums are short: a search beats a map. */
function indexOf(terms: readonly Term[], atom: Expr, end: number): number {
  for (let position = 0; position < end; position++) if (terms[position]?.atom === atom) return position;
  return -1;
}

export function scaleLinear(a: Linear, factor: number): Linear | undefined {
  return factor === 1 ? a : addLinear(constantLinear(0), a, factor);
}

/** The greatest common divisor of the coefficients; 0 without terms. */
export function contentOf(terms: readonly Term[]): number {
  return terms.reduce((common, { coefficient }) => gcd(common, coefficient), 0);
}

/** Divides coefficients that `divisor` divides. */
export const divideTerms = (terms: readonly Term[], divisor: number): readonly Term[] =>
  terms.map(({ atom, coefficient }) => ({ atom, coefficient: coefficient / divisor }));

/** Terms whose coefficients `divisor` divides, and the others. */
export function partitionTerms(terms: readonly Term[], divisor: number): readonly [multiples: Term[], others: Term[]] {
  const multiples: Term[] = [];
  const others: Term[] = [];
  for (const term of terms) (term.coefficient % divisor === 0 ? multiples : others).push(term);
  return [multiples, others];
}
