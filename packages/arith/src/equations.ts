import { type Expr, type Var, variable } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { splitDigits } from "./digits.js";
import type { Interval } from "./interval.js";
import { addLinear, atomLinear, constantLinear, contentOf, divideTerms, type Linear, scaleLinear } from "./linear.js";
import { type Context, Simplifier } from "./simplify.js";

/** The integer points that satisfy equations: one for each choice of `free` that keeps to `ranges` and `conditions`, and no others. */
export interface EquationSolution {
  /** Every unknown, in terms of the free variables and of what was given. */
  readonly values: ReadonlyMap<Var, Expr>;
  /** Unknowns that may have any value, then fresh `index` variables. */
  readonly free: readonly Var[];
  /** Values of free variables, both ends included; a fresh variable that is absent may be any integer. */
  readonly ranges: ReadonlyMap<Var, Interval>;
  /** What must hold besides; of what was given alone unless a division made it a matter of free variables. The constant false: no solution. */
  readonly conditions: readonly Expr[];
}

/** So many steps of Euclid's algorithm end it for coefficients that doubles hold. */
const MOST_STEPS = 4096;

/**
 * Solves equations over the integers, as `solve_linear_equation` of TVM does by the Smith normal form: unknowns with a coefficient ±1
 * are solved for, other rows are divided by their common factor and reduced by Euclid's algorithm, which changes variables by a
 * unimodular matrix. Divisions and remainders by positive constants are written by digits, x = c·quotient + remainder.
 *
 * Of unknowns of equal standing the first is solved for, so list last what should stay free. An unknown stays free rather than a fresh
 * variable; the remainder of a division rather than an unknown, since its range is known.
 * @param equations scalar `index` expressions that are to be 0: affine in the unknowns with constant coefficients, apart from divisions
 *   and remainders by positive constants; what is free of the unknowns may be any expression
 * @param context ranges of unknowns in it are taken to hold, and are not repeated among the conditions
 * @returns `undefined` when an equation has another form, or a coefficient leaves the safe integers
 */
export function solveEquations(
  equations: readonly Expr[],
  unknowns: readonly Var[],
  context: Context = {},
): EquationSolution | undefined {
  if (equations.some(({ dtype, lanes }) => dtype !== "index" || lanes !== 1)) return undefined;
  const simplifier = new Simplifier(context);
  const { analyzer } = simplifier;
  const sums = equations.map((equation) => analyzer.linearOf(simplifier.canonical(equation)));
  const digits = splitDigits(analyzer, sums, new Set(unknowns));
  if (digits === undefined) return undefined;
  const elimination = new Elimination(analyzer, [
    ...[...digits.quotients.keys()].map((each) => [each, 0] as const),
    ...unknowns.map((each) => [each, 1] as const),
    ...[...digits.remainders.keys()].map((each) => [each, 2] as const),
  ]);
  if (!elimination.run([...digits.equations, ...digits.sums])) return undefined;
  return describe(simplifier, elimination, unknowns, digits);
}

function describe(
  simplifier: Simplifier,
  { solved, open, conditions }: Elimination,
  unknowns: readonly Var[],
  { remainders, quotients }: { readonly [Name in "remainders" | "quotients"]: ReadonlyMap<Var, Interval> },
): EquationSolution {
  const { analyzer } = simplifier;
  const free = [
    ...unknowns.filter((each) => open.has(each)),
    ...[...open.keys()].filter((each) => !unknowns.includes(each)),
  ];
  const ranges = new Map<Var, Interval>();
  for (const [each, range] of [...remainders, ...quotients]) {
    if (open.has(each) && Number.isFinite(range.min + range.max)) ranges.set(each, range);
  }
  return simplifier.within({ ranges }, () => {
    const all = [...conditions];
    for (const [each, { max }] of remainders) {
      const value = solved.get(each);
      if (value === undefined) continue;
      const digit = analyzer.fromLinear(value);
      all.push(analyzer.binary("ge", digit, analyzer.int(0)), analyzer.binary("le", digit, analyzer.int(max)));
    }
    const settled = all.map((each) => simplifier.canonical(each));
    const isFalse = (each: Expr): boolean => each.kind === "Const" && each.value === false;
    const value = (each: Var): Expr => analyzer.fromLinear(solved.get(each) ?? atomLinear(each));
    return {
      values: new Map(unknowns.map((each) => [each, simplifier.canonical(value(each))])),
      free,
      ranges,
      conditions: settled.some(isFalse)
        ? settled.filter(isFalse).slice(0, 1)
        : [...new Set(settled.filter((each) => each.kind !== "Const"))],
    };
  });
}

/** Rows are sums that are 0. Solving for an unknown takes it out of all of them. */
class Elimination {
  readonly #analyzer: Analyzer;
  /** Unknowns not solved for, by what is solved for first. */
  readonly open: Map<Var, number>;
  readonly solved = new Map<Var, Linear>();
  readonly conditions: Expr[] = [];
  #rows: Linear[] = [];

  constructor(analyzer: Analyzer, unknowns: Iterable<readonly [Var, number]>) {
    this.#analyzer = analyzer;
    this.open = new Map(unknowns);
  }

  /** False when numbers grow too large. */
  run(rows: readonly Linear[]): boolean {
    this.#rows = [...rows];
    for (let step = 0; step < MOST_STEPS; step++) {
      this.#rows = this.#rows.filter((row) => this.#termsOf(row).length > 0 || this.#demand(row));
      const [first] = this.#rows;
      if (first === undefined) return true;
      const unit = this.#unit();
      const solvedOne = unit === undefined ? this.#reduce(first) : this.#solve(unit.variable, unit.row, unit.sign);
      if (!solvedOne) return false;
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

  /** The unknown with coefficient ±1 that is best solved for. */
  #unit(): { readonly variable: Var; readonly row: Linear; readonly sign: number } | undefined {
    const order = [...this.open.keys()];
    let best: { variable: Var; row: Linear; sign: number; rank: number } | undefined;
    for (const row of this.#rows) {
      for (const { atom, coefficient } of this.#termsOf(row)) {
        if (Math.abs(coefficient) !== 1) continue;
        const rank = (this.open.get(atom) ?? 0) * order.length + order.indexOf(atom);
        if (best === undefined || rank < best.rank) best = { variable: atom, row, sign: coefficient, rank };
      }
    }
    return best;
  }

  /** sign · variable + rest = 0 gives variable = −sign · rest. */
  #solve(variable: Var, row: Linear, sign: number): boolean {
    const rest: Linear = { terms: row.terms.filter(({ atom }) => atom !== variable), constant: row.constant };
    const value = scaleLinear(rest, -sign);
    return value !== undefined && this.#substitute(variable, value, row);
  }

  #substitute(variable: Var, value: Linear, done?: Linear): boolean {
    this.open.delete(variable);
    const replace = (sum: Linear): Linear | undefined => {
      const own = sum.terms.find(({ atom }) => atom === variable);
      if (own === undefined) return sum;
      const rest: Linear = { terms: sum.terms.filter((term) => term !== own), constant: sum.constant };
      return addLinear(rest, value, own.coefficient);
    };
    const rows: Linear[] = [];
    for (const row of this.#rows) {
      const next = row === done ? constantLinear(0) : replace(row);
      if (next === undefined) return false;
      rows.push(next);
    }
    for (const [each, sum] of this.solved) {
      const next = replace(sum);
      if (next === undefined) return false;
      this.solved.set(each, next);
    }
    this.solved.set(variable, value);
    this.#rows = rows;
    return true;
  }

  /**
   * A row without coefficient ±1. Its common factor g must divide what was given; then one step of Euclid: with a the smallest
   * coefficient, of x, the change to t = x + Σ ⌊b / a⌉ · y leaves remainders of the coefficients b.
   */
  #reduce(row: Linear): boolean {
    const own = this.#termsOf(row);
    const common = contentOf(own);
    if (common > 1) return this.#divide(row, own, common);
    const least = own.reduce((a, b) => (Math.abs(b.coefficient) < Math.abs(a.coefficient) ? b : a));
    const fresh = variable("free");
    this.open.set(fresh, 0);
    let value: Linear | undefined = atomLinear(fresh);
    for (const { atom, coefficient } of own) {
      if (atom === least.atom || value === undefined) continue;
      value = addLinear(value, atomLinear(atom), -Math.round(coefficient / least.coefficient));
    }
    return value !== undefined && this.#substitute(least.atom, value);
  }

  #divide(row: Linear, own: readonly Linear["terms"][number][], common: number): boolean {
    const analyzer = this.#analyzer;
    const atoms = new Set(own.map(({ atom }) => atom as Expr));
    const given: Linear = { terms: row.terms.filter(({ atom }) => !atoms.has(atom)), constant: row.constant };
    const sign = (own[0]?.coefficient ?? 1) < 0 ? 1 : -1;
    const dividend = scaleLinear(given, sign);
    if (dividend === undefined) return false;
    const [sum, divisor] = [analyzer.fromLinear(dividend), analyzer.int(common)];
    this.conditions.push(analyzer.binary("eq", analyzer.binary("floormod", sum, divisor), analyzer.int(0)));
    const quotient = analyzer.linearOf(analyzer.binary("floordiv", sum, divisor));
    const divided = addLinear({ terms: divideTerms(own, common), constant: 0 }, quotient, sign);
    this.#rows = this.#rows.map((each) => (each === row ? (divided ?? each) : each));
    return divided !== undefined;
  }
}
