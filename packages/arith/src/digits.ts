import type { Expr, Var } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { floorDivide } from "./integers.js";
import type { Interval } from "./interval.js";
import { addLinear, atomLinear, constantLinear, type Linear } from "./linear.js";
import { usesAny } from "./linear-form.js";

/** `(base // divisor) mod modulus`; without a modulus `base // divisor`. */
export interface Digit {
  readonly base: Expr;
  readonly divisor: number;
  readonly modulus: number | null;
}

/** A division or remainder by a positive constant, divisions of divisions in one; `undefined` for another expression. */
export function digitOf(atom: Expr): Digit | undefined {
  if (atom.kind !== "Binary" || atom.lanes !== 1 || atom.right.kind !== "Const") return undefined;
  const by = Number(atom.right.value);
  if (atom.dtype !== "index" || !(by > 0) || !(atom.op === "floordiv" || atom.op === "floormod")) return undefined;
  const inner = digitOf(atom.left);
  if (atom.op === "floormod") {
    return inner?.modulus === null ? { ...inner, modulus: by } : { base: atom.left, divisor: 1, modulus: by };
  }
  return inner?.modulus === null
    ? { ...inner, divisor: inner.divisor * by }
    : { base: atom.left, divisor: by, modulus: null };
}

/** One base written in a mixed radix: base = Σ cuts[k] · digits[k], where each cut divides the next. */
interface Split {
  readonly base: Expr;
  readonly cuts: readonly number[];
  readonly digits: readonly Var[];
}

/** Sums with divisions, as sums of digits. */
export interface Digits {
  readonly sums: readonly Linear[];
  /** Each is 0: what the digits have to do with the unknowns. */
  readonly equations: readonly Linear[];
  /** Digits below the highest, which lie in these ranges. */
  readonly remainders: ReadonlyMap<Var, Interval>;
  /** The highest digits, with what is known of them. */
  readonly quotients: ReadonlyMap<Var, Interval>;
}

/** More divisions than indices have. */
const MOST_DIGITS = 64;

/**
 * Replaces divisions by constants of what uses `unknowns` by variables; `undefined` when an unknown stands elsewhere inside an atom, or
 * divisions are too many.
 */
export function splitDigits(
  analyzer: Analyzer,
  sums: readonly Linear[],
  unknowns: ReadonlySet<Var>,
): Digits | undefined {
  const found = new Map<Expr, Digit>();
  const stack = [...sums];
  const isPlain = (atom: Expr): boolean => (atom.kind === "Var" ? true : !usesAny(atom, unknowns));
  for (let sum = stack.pop(); sum !== undefined; sum = stack.pop()) {
    for (const { atom } of sum.terms) {
      if (found.has(atom) || isPlain(atom)) continue;
      const digit = found.size < MOST_DIGITS ? digitOf(atom) : undefined;
      if (digit === undefined) return undefined;
      found.set(atom, digit);
      stack.push(analyzer.linearOf(digit.base));
    }
  }
  const splits = splitsOf(analyzer, [...found.values()]);
  const digits = (sum: Linear): Linear | undefined => {
    let all: Linear | undefined = constantLinear(sum.constant);
    for (const { atom, coefficient } of sum.terms) {
      const digit = found.get(atom);
      const part = digit === undefined ? atomLinear(atom) : writtenAs(splits, digit);
      all = all && addLinear(all, part, coefficient);
    }
    return all;
  };
  const equations = splits.map(({ base, cuts, digits: own }) => {
    let sum = digits(analyzer.linearOf(base));
    own.forEach((digit, place) => {
      sum = sum && addLinear(sum, atomLinear(digit), -(cuts[place] as number));
    });
    return sum;
  });
  const written = sums.map(digits);
  if (!written.every(isKnown) || !equations.every(isKnown)) return undefined;
  return { sums: written, equations, ...rangesOf(analyzer, splits) };
}

const isKnown = <T>(each: T | undefined): each is T => each !== undefined;

/** As few splits as have all the cuts; cuts that do not divide each other are different splits of one base. */
function splitsOf(analyzer: Analyzer, digits: readonly Digit[]): readonly Split[] {
  const chains: { base: Expr; cuts: number[] }[] = [];
  for (const { base, divisor, modulus } of digits) {
    const own = modulus === null ? [1, divisor] : [1, divisor, divisor * modulus];
    const merged = (cuts: readonly number[]): number[] => [...new Set([...cuts, ...own])].sort((a, b) => a - b);
    const fits = chains.find((chain) => chain.base === base && isChain(merged(chain.cuts)));
    if (fits === undefined) chains.push({ base, cuts: merged([]) });
    else fits.cuts = merged(fits.cuts);
  }
  return chains.map(({ base, cuts }) => ({
    base,
    cuts,
    digits: cuts.map((_, place) => analyzer.fresh(place === cuts.length - 1 ? "quotient" : "remainder")),
  }));
}

const isChain = (cuts: readonly number[]): boolean =>
  cuts.every((cut, place) => place === 0 || cut % (cuts[place - 1] as number) === 0);

function writtenAs(splits: readonly Split[], { base, divisor, modulus }: Digit): Linear {
  const end = modulus === null ? Number.POSITIVE_INFINITY : divisor * modulus;
  const split = splits.find(
    ({ base: own, cuts }) => own === base && cuts.includes(divisor) && (modulus === null || cuts.includes(end)),
  );
  const terms = (split?.cuts ?? []).flatMap((cut, place) => {
    const atom = split?.digits[place];
    return atom === undefined || cut < divisor || cut >= end ? [] : [{ atom, coefficient: cut / divisor }];
  });
  return { terms, constant: 0 };
}

function rangesOf(analyzer: Analyzer, splits: readonly Split[]): Pick<Digits, "remainders" | "quotients"> {
  const remainders = new Map<Var, Interval>();
  const quotients = new Map<Var, Interval>();
  for (const { base, cuts, digits } of splits) {
    const { min, max } = analyzer.bounds(base);
    for (const [place, digit] of digits.entries()) {
      const [cut = 1, next] = cuts.slice(place, place + 2);
      const below = (end: number): number => (Number.isFinite(end) ? floorDivide(end, cut) : end);
      if (next !== undefined) remainders.set(digit, { min: 0, max: next / cut - 1 });
      else quotients.set(digit, { min: below(min), max: below(max) });
    }
  }
  return { remainders, quotients };
}
