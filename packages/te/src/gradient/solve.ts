import { type Context, type EquationSolution, linearForm, solveEquations, usesAny } from "@tilewright/arith";
import { NO_SPAN } from "@tilewright/diagnostics";
import { build, type Expr, type IterVar, int, isConst, substitute, type Var } from "@tilewright/ir";
import { axis } from "../tensor.js";
import { insideOf } from "./rectangular.js";

/** What is left of a domain under equations: one point for each value of `axes` where `conditions` hold. */
export interface Solved {
  readonly axes: readonly IterVar[];
  /** The old axes in terms of the new ones and of what was given. */
  readonly values: ReadonlyMap<Var, Expr>;
  readonly conditions: readonly Expr[];
}

/**
 * Solves equations, expressions that are to be 0, for the variables of axes; the last axes stay before the first ones. Axes that a solution
 * leaves free run over as few values as the others' domains allow. An equation that cannot be solved becomes a condition.
 */
export function solve(equations: readonly Expr[], axes: readonly IterVar[], context: Context): Solved {
  const { solution, left } = solveMost(equations, axes, context);
  const kept = (each: readonly Expr[]): readonly Expr[] => each.map((sum) => build.binary("eq", sum, int(0)));
  const narrowed = narrow(solution, axes, context);
  if (narrowed === undefined) return { axes, values: new Map(), conditions: kept(equations) };
  return { ...narrowed, conditions: [...kept(left), ...narrowed.conditions] };
}

/** Solves all equations together or, when that cannot be done, as many as can, taken one by one. */
function solveMost(
  equations: readonly Expr[],
  axes: readonly IterVar[],
  context: Context,
): { readonly solution: EquationSolution; readonly left: readonly Expr[] } {
  const unknowns = axes.map(({ variable }) => variable);
  const all = solveEquations(equations, unknowns, context);
  if (all !== undefined) return { solution: all, left: [] };
  let solution: EquationSolution = { values: new Map(), free: unknowns, ranges: new Map(), conditions: [] };
  const solved: Expr[] = [];
  const left: Expr[] = [];
  for (const each of equations) {
    const more = solveEquations([...solved, each], unknowns, context);
    if (more !== undefined) solution = more;
    (more === undefined ? left : solved).push(each);
  }
  return { solution, left };
}

/** `undefined` when a variable without bounds stays. */
function narrow(solution: EquationSolution, axes: readonly IterVar[], context: Context): Solved | undefined {
  const own = new Map(axes.map((each) => [each.variable, each]));
  const free = new Map(solution.free.map((each) => [each, own.get(each) ?? boundedAxis(each, solution)]));
  const values = new Map<Var, Expr>(
    [...free.keys(), ...own.keys()].map((each) => [each, solution.values.get(each) ?? each]),
  );
  let conditions = solution.conditions;
  const domains = new Map([...own, ...free]);
  for (const variable of solution.free) {
    const found = narrowest(variable, free, values, axes, context) ?? { axis: free.get(variable), value: variable };
    if (found.axis === undefined) return undefined;
    free.delete(variable);
    const single = lengthOf(found.axis) === 1;
    if (!single) free.set(found.axis.variable, found.axis);
    const value = single ? substitute(found.value, new Map([[found.axis.variable, found.axis.min]])) : found.value;
    const replacement = new Map([[variable, value]]);
    for (const [each, old] of values) values.set(each, substitute(old, replacement));
    conditions = conditions.map((each) => substitute(each, replacement));
  }
  const left = [...free.values()].filter((each) => each !== undefined);
  const bounds = [...domains].flatMap(([each, domain]) =>
    domain === undefined || free.has(each) ? [] : insideOf(values.get(each) ?? each, domain),
  );
  return { axes: left, values, conditions: [...conditions, ...bounds] };
}

/** An axis for a fresh variable whose range is known. */
function boundedAxis(variable: Var, { ranges }: EquationSolution): IterVar | undefined {
  const range = ranges.get(variable);
  if (range === undefined) return undefined;
  return { ...axis("k", int(range.min), int(range.max - range.min + 1), "reduce", NO_SPAN), variable };
}

/**
 * A better axis for a free variable f. Where an axis of extent E is solved as rest + c·f, it equals (rest mod |c|) + |c|·t for an integer
 * t ≥ 0, so t has but ⌈E / |c|⌉ values, and f = ±(t − ⌊rest / |c|⌋): the taps of a strided convolution that meet one element.
 */
function narrowest(
  variable: Var,
  free: ReadonlyMap<Var, IterVar | undefined>,
  values: ReadonlyMap<Var, Expr>,
  axes: readonly IterVar[],
  context: Context,
): { readonly axis: IterVar; readonly value: Expr } | undefined {
  const others = new Set([...free.keys()].filter((each) => each !== variable));
  let best: { readonly axis: IterVar; readonly value: Expr } | undefined;
  let fewest = lengthOf(free.get(variable));
  for (const each of axes) {
    const value = values.get(each.variable);
    if (value === undefined || free.has(each.variable)) continue;
    const form = linearForm(build.sub(value, each.min), [variable], context);
    const coefficient = form?.coefficients.get(variable);
    if (form === undefined || !coefficient || !isConst(coefficient) || usesAny(form.rest, others)) continue;
    const step = Math.abs(Number(coefficient.value));
    const length = Math.ceil(lengthOf(each) / step);
    if (!(length < fewest)) continue;
    fewest = length;
    const made = axis(each.name, int(0), int(length), "reduce", NO_SPAN);
    const shift = step === 1 ? form.rest : build.binary("floordiv", form.rest, int(step));
    const [from, to] = Number(coefficient.value) > 0 ? [made.variable, shift] : [shift, made.variable];
    best = { axis: made, value: build.sub(from, to) };
  }
  return best;
}

/** How many values an axis has; Infinity where that is not a constant. */
function lengthOf(each: IterVar | undefined): number {
  return each !== undefined && isConst(each.extent) ? Number(each.extent.value) : Number.POSITIVE_INFINITY;
}
