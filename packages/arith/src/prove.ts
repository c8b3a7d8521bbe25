import type { BinaryOp, Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { assume } from "./assume.js";
import { ceilDivide } from "./integers.js";
import { addLinear, atomLinear, constantLinear, contentOf, divideTerms, type Linear, scaleLinear } from "./linear.js";
import { Scope } from "./scope.js";

/** Beyond so many atoms, or inequalities, a proof is not tried further. */
const MOST_ATOMS = 24;
const MOST_INEQUALITIES = 192;
/** Alternatives nested deeper than this are not looked into. */
const DEEPEST = 16;

const NEGATION: { readonly [Op in BinaryOp]?: BinaryOp } = {
  eq: "ne",
  ne: "eq",
  lt: "ge",
  ge: "lt",
  le: "gt",
  gt: "le",
};

/**
 * Whether a simplified condition, or its negation, follows from the ranges and facts of the present scope. A comparison of `index` does
 * when its negation contradicts them: inequalities between atoms are combined until none is left, as Fourier and Motzkin do, with
 * constants rounded to integers. Of a division, a minimum and a maximum the inequalities that define them join in.
 * False means: not known.
 */
export function prove(analyzer: Analyzer, condition: Expr, truth = true, depth = 0): boolean {
  if (condition.kind === "Const") return condition.value === truth;
  if (depth > DEEPEST || condition.lanes > 1 || analyzer.interner.isImpure(condition)) return false;
  if (condition.kind === "Unary" && condition.op === "not")
    return prove(analyzer, condition.operand, !truth, depth + 1);
  if (condition.kind !== "Binary") return false;
  const { left, right } = condition;
  if (condition.op === (truth ? "and" : "or"))
    return prove(analyzer, left, truth, depth + 1) && prove(analyzer, right, truth, depth + 1);
  if (condition.op === (truth ? "or" : "and"))
    return either(analyzer, left, right, truth, depth) || either(analyzer, right, left, truth, depth);
  const op = truth ? condition.op : NEGATION[condition.op];
  return op !== undefined && left.dtype === "index" && compares(analyzer, op, left, right);
}

/** One alternative holds where the other does not. */
function either(analyzer: Analyzer, failing: Expr, other: Expr, truth: boolean, depth: number): boolean {
  const { scope } = analyzer;
  analyzer.scope = new Scope(scope.ranges, scope);
  assume(analyzer, failing, !truth);
  const found = prove(analyzer, other, truth, depth + 1);
  analyzer.scope = scope;
  return found;
}

function compares(analyzer: Analyzer, op: BinaryOp, left: Expr, right: Expr): boolean {
  const [a, b] = [analyzer.linearOf(left), analyzer.linearOf(right)];
  /** x + slack ≤ y, as y + 1 ≤ x + slack is impossible. */
  const isAtMost = (x: Linear, y: Linear, slack: number): boolean => {
    const difference = addLinear(y, x, -1);
    const negation = difference && addLinear(difference, constantLinear(1 - slack));
    return negation !== undefined && isImpossible(analyzer, negation);
  };
  switch (op) {
    case "le":
      return isAtMost(a, b, 0);
    case "lt":
      return isAtMost(a, b, 1);
    case "ge":
      return isAtMost(b, a, 0);
    case "gt":
      return isAtMost(b, a, 1);
    case "eq":
      return isAtMost(a, b, 0) && isAtMost(b, a, 0);
    case "ne":
      return isAtMost(a, b, 1) || isAtMost(b, a, 1);
    default:
      return false;
  }
}

/** Whether `sum` ≤ 0 contradicts what is known. */
function isImpossible(analyzer: Analyzer, sum: Linear): boolean {
  const system = new Inequalities(analyzer);
  system.add(sum);
  const atoms = new Set(sum.terms.map(({ atom }) => atom));
  const facts = analyzer.scope.hasFacts ? analyzer.scope.directions() : [];
  const used = new Set<object>();
  for (const atom of atoms) {
    if (atoms.size > MOST_ATOMS) return false;
    const { min, max } = analyzer.bounds(atom);
    between(system, atomLinear(atom), min, max);
    for (const fact of facts) {
      if (used.has(fact) || !fact.terms.some((term) => term.atom === atom)) continue;
      used.add(fact);
      between(system, { terms: fact.terms, constant: 0 }, fact.interval.min, fact.interval.max);
      for (const term of fact.terms) atoms.add(term.atom);
    }
    for (const each of definition(analyzer, atom)) {
      system.add(each);
      for (const term of each.terms) atoms.add(term.atom);
    }
  }
  return system.contradict(atoms);
}

function between(system: Inequalities, sum: Linear, min: number, max: number): void {
  if (Number.isFinite(max)) system.add(addLinear(sum, constantLinear(-max)));
  if (Number.isFinite(min)) system.add(addLinear(constantLinear(min), sum, -1));
}

/** Sums that are at most 0 by the meaning of an atom: d·(x // d) ≤ x < d·(x // d) + d, x mod d = x − d·(x // d), min(a, b) ≤ a. */
function definition(analyzer: Analyzer, atom: Expr): readonly Linear[] {
  if (atom.kind !== "Binary" || atom.lanes !== 1) return [];
  const [own, left, right] = [atomLinear(atom), analyzer.linearOf(atom.left), analyzer.linearOf(atom.right)];
  const known = (sums: readonly (Linear | undefined)[]): readonly Linear[] => sums.filter((each) => each !== undefined);
  if (atom.op === "min") return known([addLinear(own, left, -1), addLinear(own, right, -1)]);
  if (atom.op === "max") return known([addLinear(left, own, -1), addLinear(right, own, -1)]);
  const divisor = right.terms.length === 0 ? right.constant : 0;
  if (!(divisor > 0) || (atom.op !== "floordiv" && atom.op !== "floormod")) return [];
  if (atom.op === "floordiv") {
    const rest = addLinear(left, own, -divisor);
    return known([rest && scaleLinear(rest, -1), rest && addLinear(rest, constantLinear(1 - divisor))]);
  }
  const quotient = analyzer.linearOf(analyzer.binary("floordiv", atom.left, atom.right));
  const rest = addLinear(left, quotient, -divisor);
  const difference = rest && addLinear(own, rest, -1);
  return known([difference, difference && scaleLinear(difference, -1)]);
}

/** A sum with its key and how often an atom stands in it. */
type Side = readonly [key: string, sum: Linear, times: number];
type Sides = readonly [above: readonly Side[], below: readonly Side[]];

/** Sums that are at most 0, of each direction the strictest. */
class Inequalities {
  readonly #analyzer: Analyzer;
  #sums = new Map<string, Linear>();
  #isFalse = false;

  constructor(analyzer: Analyzer) {
    this.#analyzer = analyzer;
  }

  /** What is too large for exact numbers is left out. */
  add(sum: Linear | undefined): void {
    if (sum === undefined) return;
    if (sum.terms.length === 0) {
      this.#isFalse ||= sum.constant > 0;
      return;
    }
    const common = contentOf(sum.terms);
    const terms = common === 1 ? sum.terms : divideTerms(sum.terms, common);
    const constant = ceilDivide(sum.constant, common);
    const { interner } = this.#analyzer;
    const key = terms
      .map(({ atom, coefficient }) => `${interner.id(atom)}:${coefficient}`)
      .sort()
      .join(" ");
    const known = this.#sums.get(key);
    if (known === undefined || known.constant < constant) this.#sums.set(key, { terms, constant });
  }

  /** Takes out one atom after the other, each time the cheapest. */
  contradict(atoms: ReadonlySet<Expr>): boolean {
    const left = new Set(atoms);
    while (left.size > 0 && !this.#isFalse) {
      const costs = [...left].map((atom) => [atom, this.#sides(atom)] as const);
      const price = ([, [above, below]]: (typeof costs)[number]): number =>
        above.length * below.length - above.length - below.length;
      const [atom, sides] = costs.reduce((best, each) => (price(each) < price(best) ? each : best));
      left.delete(atom);
      if (!this.#eliminate(sides)) return false;
    }
    return this.#isFalse;
  }

  #sides(atom: Expr): Sides {
    const sides: [Side[], Side[]] = [[], []];
    for (const [key, sum] of this.#sums) {
      const coefficient = sum.terms.find((term) => term.atom === atom)?.coefficient ?? 0;
      if (coefficient !== 0) sides[coefficient > 0 ? 0 : 1].push([key, sum, Math.abs(coefficient)]);
    }
    return sides;
  }

  #eliminate([above, below]: Sides): boolean {
    for (const [key] of [...above, ...below]) this.#sums.delete(key);
    if (this.#sums.size + above.length * below.length > MOST_INEQUALITIES) return false;
    for (const [, upper, a] of above) {
      for (const [, lower, b] of below) {
        const scaled = scaleLinear(upper, b);
        this.add(scaled && addLinear(scaled, lower, a));
      }
    }
    return true;
  }
}
