import { Simplifier } from "@tilewright/arith";
import { build, type Expr, type IterVar, int, isConst, substitute, type Var, variable, visit } from "@tilewright/ir";
import { extentOf, variablesIn } from "./structure.js";

/** An axis of the output, or a digit of one: its index is `index[dimension] // divisor % modulus`. */
export interface Digit {
  /** Variable and extent; the axis of the output itself where it is whole. */
  readonly axis: IterVar;
  readonly dimension: number;
  readonly divisor: number;
  /** Null for the leading digit. */
  readonly modulus: number | null;
}

/** An axis as a digit of itself. */
export function wholeAxis(axis: IterVar, dimension: number): Digit {
  return { axis, dimension, divisor: 1, modulus: null };
}

/** The axes of an output in digits, and expressions of the axes in them. */
export interface Digits {
  readonly digits: readonly Digit[];
  express(expr: Expr): Expr;
}

/**
 * Digits of axes by how indices use them: an axis that they divide by one number, or take the remainder by, and that the number divides, becomes two,
 * the quotient and the remainder. Expressions are simplified, so that each uses only digits that it depends on.
 */
export function digitsOf(axes: readonly IterVar[], folds: readonly IterVar[], indices: readonly Expr[]): Digits {
  const values = new Map<Var, Expr>();
  const digits = axes.flatMap((axis, dimension): readonly Digit[] => {
    const divisor = divisorOf(axis, indices);
    if (divisor === null) return [wholeAxis(axis, dimension)];
    const [quotient, remainder] = [part(axis, extentOf(axis) / divisor), part(axis, divisor)];
    values.set(axis.variable, build.add(build.mul(quotient.variable, int(divisor)), remainder.variable));
    return [
      { axis: quotient, dimension, divisor, modulus: null },
      { axis: remainder, dimension, divisor: 1, modulus: divisor },
    ];
  });
  const all = [...digits.map(({ axis }) => axis), ...folds].filter((axis) => extentOf(axis) > 1);
  const ranges = new Map(all.map((axis) => [axis.variable, { min: 0, max: extentOf(axis) - 1 }]));
  const simplifier = new Simplifier({ ranges });
  return { digits, express: (expr) => simplifier.simplify(substitute(expr, values)) };
}

function part(axis: IterVar, extent: number): IterVar {
  return { ...axis, variable: variable(axis.name, "index", 1, axis.span), extent: int(extent) };
}

/** The one number by which indices divide what has the axis in it, if that divides the axis. */
function divisorOf(axis: IterVar, indices: readonly Expr[]): number | null {
  const divisors = new Set<number>();
  for (const index of indices)
    visit(index, {
      Binary: ({ op, left, right }) => {
        const divides = (op === "floordiv" || op === "floormod") && isConst(right);
        if (divides && variablesIn(left).has(axis.variable)) divisors.add(Number(right.value));
      },
    });
  const [divisor = 1] = divisors;
  const isExact = divisor > 1 && divisor < extentOf(axis) && extentOf(axis) % divisor === 0;
  return divisors.size === 1 && isExact ? divisor : null;
}
