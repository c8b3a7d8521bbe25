import type { Expr, Var } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";
import { type Digits, splitDigits } from "./digits.js";
import { Elimination } from "./elimination.js";
import type { Interval } from "./interval.js";
import { addLinear, atomLinear, type Linear, scaleLinear } from "./linear.js";
import { usesAny } from "./linear-form.js";
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
 * @returns `undefined` when an equation has another form, a coefficient leaves the safe integers, or divisions demand a quotient that
 *   no expression gives
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
  const { remainders, quotients } = digits;
  const elimination = new Elimination(
    analyzer,
    [
      ...[...quotients.keys()].map((each) => [each, 0] as const),
      ...unknowns.map((each) => [each, 1] as const),
      ...[...remainders.keys()].map((each) => [each, 2] as const),
    ],
    (each) => remainders.get(each) ?? quotients.get(each) ?? analyzer.bounds(each),
  );
  if (!elimination.run([...digits.equations, ...digits.sums])) return undefined;
  const values = new Map(unknowns.map((each) => [each, elimination.solved.get(each) ?? atomLinear(each)]));
  return describe(simplifier, elimination, values, digits);
}

function describe(
  simplifier: Simplifier,
  { open, solved, conditions }: Elimination,
  values: ReadonlyMap<Var, Linear>,
  { remainders, quotients }: Pick<Digits, "remainders" | "quotients">,
): EquationSolution | undefined {
  const { analyzer } = simplifier;
  const isUsed = (each: Var): boolean =>
    [...values.values()].some(({ terms }) => terms.some(({ atom }) => atom === each));
  const demands = [...remainders].flatMap(([each, { max }]) => {
    const value = solved.get(each);
    return value === undefined ? [] : [{ value, size: max + 1 }];
  });
  const idle = [...open.keys()].filter((each) => !isUsed(each));
  const { settled, within } = settleIdle(analyzer, idle, demands, remainders);
  const free = [...values.keys(), ...open.keys()].filter((each) => open.has(each) && !settled.has(each));
  const ranges = new Map(
    [...remainders, ...quotients].filter(([each, { min, max }]) => free.includes(each) && Number.isFinite(max - min)),
  );
  if (idle.some((each) => !settled.has(each) && !ranges.has(each))) return undefined;
  return simplifier.within({ ranges }, () => {
    const isChoice = (each: Var): boolean => analyzer.bounds(each).min < analyzer.bounds(each).max;
    const digits = within.flatMap(({ value, size }) => {
      const digit = analyzer.fromLinear(value);
      return [analyzer.binary("ge", digit, analyzer.int(0)), analyzer.binary("lt", digit, analyzer.int(size))];
    });
    const all = [...conditions, ...digits].map((each) => simplifier.canonical(each));
    const impossible = all.filter((each) => each.kind === "Const" && each.value === false).slice(0, 1);
    return {
      values: new Map([...values].map(([each, value]) => [each, simplifier.canonical(analyzer.fromLinear(value))])),
      free: [...new Set(free)].filter(isChoice),
      ranges,
      conditions: impossible.length > 0 ? impossible : [...new Set(all.filter(({ kind }) => kind !== "Const"))],
    };
  });
}

/** `value` is a digit: 0 ≤ value < size. */
interface Within {
  readonly value: Linear;
  readonly size: number;
}

/**
 * Free digits that no unknown uses are no choice where another digit settles them: 0 ≤ s − c·q < n ≤ c is q = s // c and s mod c < n.
 * @returns those digits, and what remains to be demanded
 */
function settleIdle(
  analyzer: Analyzer,
  idle: readonly Var[],
  demands: readonly Within[],
  remainders: ReadonlyMap<Var, Interval>,
): { readonly settled: ReadonlySet<Var>; readonly within: readonly Within[] } {
  const settled = new Set<Var>();
  let within = demands;
  for (const digit of [...idle, ...idle]) {
    const factor = ({ value }: Within): number => value.terms.find(({ atom }) => atom === digit)?.coefficient ?? 0;
    const found = within.find((each) => Math.abs(factor(each)) >= each.size);
    const isInside = (atom: Expr): boolean => atom !== digit && usesAny(atom, new Set([digit]));
    if (found === undefined || within.some(({ value }) => value.terms.some(({ atom }) => isInside(atom)))) continue;
    const without = ({ terms, constant }: Linear): Linear => ({
      terms: terms.filter(({ atom }) => atom !== digit),
      constant,
    });
    const rest = analyzer.fromLinear(without(found.value));
    const c = analyzer.int(Math.abs(factor(found)));
    const quotient = analyzer.linearOf(analyzer.binary("floordiv", rest, c));
    const value = scaleLinear(quotient, -Math.sign(factor(found)));
    const others = within.map((each) => {
      if (each === found) return { ...each, value: analyzer.linearOf(analyzer.binary("floormod", rest, c)) };
      return { ...each, value: value && addLinear(without(each.value), value, factor(each)) };
    });
    const range = remainders.get(digit);
    const all = range === undefined ? others : [...others, { value, size: range.max + 1 }];
    if (!all.every((each): each is Within => each.value !== undefined)) continue;
    within = all;
    settled.add(digit);
  }
  return { settled, within };
}
