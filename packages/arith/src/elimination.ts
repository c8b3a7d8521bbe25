import type { Expr, Var } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import type { Interval } from "./interval.js";
import { addLinear, atomLinear, constantLinear, contentOf, divideTerms, type Linear, scaleLinear } from "./linear.js";

/** So many steps of Euclid's algorithm end it for coefficients that doubles hold. */
const MOST_STEPS = 4096;

/** Rows are sums that are 0. Solving for an unknown takes it out of all of them. */
export class Elimination {
  readonly #analyzer: Analyzer;
  /** Unknowns not solved for, by what is solved for first. */
  readonly open: Map<Var, number>;
  readonly solved = new Map<Var, Linear>();
  readonly conditions: Expr[] = [];
  readonly #ranges: (unknown: Var) => Interval;
  #rows: Linear[] = [];
  #overflows = false;

  constructor(analyzer: Analyzer, unknowns: Iterable<readonly [Var, number]>, ranges: (unknown: Var) => Interval) {
    this.#analyzer = analyzer;
    this.open = new Map(unknowns);
    this.#ranges = ranges;
  }

  /** False when numbers grow too large. */
  run(rows: readonly Linear[]): boolean {
    this.#rows = [...rows];
    for (let step = 0; step < MOST_STEPS && !this.#overflows; step++) {
      this.#rows = this.#rows.filter((row) => this.#termsOf(row).length > 0 || this.#demand(row));
      const [first] = this.#rows;
      if (first === undefined) return true;
      if (this.#rows.some((row) => this.#decode(row))) continue;
      const unit = this.#unit();
      if (unit === undefined) this.#reduce(first);
      else this.#solve(unit.variable, unit.row, unit.sign);
    }
    return false;
  }

  #termsOf(row: Linear): readonly { readonly atom: Var; readonly coefficient: number }[] {
    return row.terms.flatMap(({ atom, coefficient }) =>
      atom.kind === "Var" && this.open.has(atom) ? [{ atom, coefficient }] : [],
    );
  }

  /** A row without unknowns is a condition; gives false, as the row is done. */
  #demand(row: Linear): boolean {
    const { terms, constant } = row;
    if (terms.length === 0 && constant === 0) return false;
    this.conditions.push(this.#analyzer.binary("eq", this.#analyzer.fromLinear(row), this.#analyzer.int(0)));
    return false;
  }

  /**
   * A row s = Σ c·u of unknowns whose ranges make them the digits of s, so that they have but one solution: where each c divides the
   * next, and c·u stays below it, u = (s // c) mod (next / c).
   */
  #decode(row: Linear): boolean {
    const own = [...this.#termsOf(row)].sort((a, b) => Math.abs(a.coefficient) - Math.abs(b.coefficient));
    const sign = Math.sign(own[0]?.coefficient ?? 0);
    if (own.length < 2 || own[0]?.coefficient !== sign) return false;
    const analyzer = this.#analyzer;
    const others = row.terms.filter((term) => !own.some(({ atom }) => atom === term.atom));
    let sum = scaleLinear({ ...row, terms: others }, -sign);
    const sizes: (number | undefined)[] = [];
    for (const [place, { atom, coefficient }] of own.slice(0, -1).entries()) {
      const [c, next] = [coefficient * sign, (own[place + 1]?.coefficient ?? 0) * sign];
      const { min, max } = this.#ranges(atom);
      if (!(c > 0 && next % c === 0 && (max - min + 1) * c <= next)) return false;
      sum = sum && addLinear(sum, constantLinear(min * c), -1);
      sizes.push(next / c);
    }
    if (sum === undefined) return false;
    const whole = analyzer.fromLinear(sum);
    for (const [place, { atom, coefficient }] of own.entries()) {
      const size = sizes[place];
      const quotient = analyzer.binary("floordiv", whole, analyzer.int(coefficient * sign));
      const digit = size === undefined ? quotient : analyzer.binary("floormod", quotient, analyzer.int(size));
      const least = size === undefined ? 0 : this.#ranges(atom).min;
      this.#substitute(atom, addLinear(analyzer.linearOf(digit), constantLinear(least)), row);
    }
    return true;
  }

  /** The unknown with coefficient ±1 that is best solved for: one that stands alone, as it makes others known. */
  #unit(): { readonly variable: Var; readonly row: Linear; readonly sign: number } | undefined {
    const order = [...this.open.keys()];
    let best: { variable: Var; row: Linear; sign: number; rank: number } | undefined;
    for (const row of this.#rows) {
      const own = this.#termsOf(row);
      for (const { atom, coefficient } of own) {
        if (Math.abs(coefficient) !== 1) continue;
        const standing = own.length === 1 ? -1 : (this.open.get(atom) ?? 0);
        const rank = standing * order.length + order.indexOf(atom);
        if (best === undefined || rank < best.rank) best = { variable: atom, row, sign: coefficient, rank };
      }
    }
    return best;
  }

  /** sign · variable + rest = 0 gives variable = −sign · rest. */
  #solve(variable: Var, row: Linear, sign: number): void {
    const rest: Linear = { terms: row.terms.filter(({ atom }) => atom !== variable), constant: row.constant };
    this.#substitute(variable, scaleLinear(rest, -sign), row);
  }

  /** Puts a value for a variable everywhere; `row`, which it comes from, is done. */
  #substitute(variable: Var, value: Linear | undefined, row?: Linear): void {
    this.open.delete(variable);
    this.#rows = this.#rows.filter((each) => each !== row).map((each) => this.#replaced(each, variable, value));
    for (const [each, sum] of this.solved) this.solved.set(each, this.#replaced(sum, variable, value));
    this.solved.set(variable, this.#kept(value));
  }

  #replaced(sum: Linear, variable: Var, value: Linear | undefined): Linear {
    const own = sum.terms.find(({ atom }) => atom === variable);
    if (own === undefined) return sum;
    const rest: Linear = { terms: sum.terms.filter((term) => term !== own), constant: sum.constant };
    return this.#kept(value && addLinear(rest, value, own.coefficient));
  }

  #kept(sum: Linear | undefined): Linear {
    if (sum === undefined) this.#overflows = true;
    return sum ?? constantLinear(0);
  }

  /**
   * A row without coefficient ±1. Its common factor g must divide what was given; then one step of Euclid: with a the smallest
   * coefficient, of x, the change to t = x + Σ ⌊b / a⌉ · y leaves remainders of the coefficients b.
   */
  #reduce(row: Linear): void {
    const own = this.#termsOf(row);
    const common = contentOf(own);
    if (common > 1) {
      this.#divide(row, own, common);
      return;
    }
    const least = own.reduce((a, b) => (Math.abs(b.coefficient) < Math.abs(a.coefficient) ? b : a));
    const fresh = this.#analyzer.fresh("free");
    this.open.set(fresh, 0);
    let value: Linear | undefined = atomLinear(fresh);
    for (const { atom, coefficient } of own) {
      if (atom === least.atom) continue;
      value = value && addLinear(value, atomLinear(atom), -Math.round(coefficient / least.coefficient));
    }
    this.#substitute(least.atom, value);
  }

  #divide(row: Linear, own: Linear["terms"], common: number): void {
    const analyzer = this.#analyzer;
    const others = row.terms.filter(({ atom }) => !own.some((term) => term.atom === atom));
    const sign = (own[0]?.coefficient ?? 1) < 0 ? 1 : -1;
    const dividend = this.#kept(scaleLinear({ terms: others, constant: row.constant }, sign));
    const [sum, divisor] = [analyzer.fromLinear(dividend), analyzer.int(common)];
    this.conditions.push(analyzer.binary("eq", analyzer.binary("floormod", sum, divisor), analyzer.int(0)));
    const quotient = analyzer.linearOf(analyzer.binary("floordiv", sum, divisor));
    const divided = addLinear({ terms: divideTerms(own, common), constant: 0 }, quotient, sign);
    this.#rows = this.#rows.map((each) => (each === row ? this.#kept(divided) : each));
  }
}
