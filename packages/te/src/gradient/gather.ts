import { Simplifier } from "@tilewright/arith";
import { build, type Expr, type IterVar, int, isConst, substitute } from "@tilewright/ir";
import { knowledgeOf } from "./rectangular.js";
import { readsTensor } from "./sensitivity.js";
import { type Solved, solve } from "./solve.js";
import { copyAxes } from "./stage.js";

/** Σ over `axes`, where `conditions` hold, of `value`, each for the element at `indices` of a tensor of `shape`. */
export interface Summand {
  readonly axes: readonly IterVar[];
  readonly conditions: readonly Expr[];
  readonly shape: readonly Expr[];
  readonly indices: readonly Expr[];
  readonly value: Expr;
  /** In the order of the axes. */
  readonly strict: boolean;
}

/** The same as a function of the element: Σ over fewer axes. */
export interface Gathered {
  readonly axes: readonly IterVar[];
  readonly conditions: readonly Expr[];
  readonly value: Expr;
}

/**
 * What a summand adds to the element at `target`: a sum over those points of its domain that read this element. The equations
 * `index = target` are solved for the axes; an axis with a solution leaves the sum, and its bounds become conditions, which are dropped
 * where they always hold. What cannot be solved stays a condition: a one-hot sum, right and slow.
 * @returns `undefined` when no point reads the element
 */
export function gather(summand: Summand, target: readonly IterVar[]): Gathered | undefined {
  const domain = knowledgeOf(summand.axes);
  const statics = summand.conditions.filter((each) => !readsTensor(each));
  const indices = insideIndices(summand, new Simplifier({ ...domain, facts: [...domain.facts, ...statics] }));
  const equations = indices.map((index, d) => build.sub(index, (target[d] as IterVar).variable));
  const conditions: Expr[] = [];
  for (const condition of summand.conditions) {
    if (isIndexEquation(condition)) equations.push(build.sub(condition.left, condition.right));
    else conditions.push(condition);
  }
  const context = knowledgeOf([...target, ...summand.axes]);
  const solved = solve(equations, summand.axes, context);
  return tidy(solved, conditions, summand.value, target);
}

/** Renames the axes that are left, and drops conditions that follow from what stands before them. */
function tidy(
  solved: Solved,
  conditions: readonly Expr[],
  value: Expr,
  target: readonly IterVar[],
): Gathered | undefined {
  const kept = copyAxes(
    solved.axes.map((each): IterVar => ({ ...each, iterKind: "reduce" })),
    target.map(({ name }) => name),
  );
  const place = (expr: Expr): Expr => kept.inside(substitute(expr, solved.values));
  const { ranges, facts } = knowledgeOf([...target, ...kept.axes]);
  const simplifier = new Simplifier({ ranges, facts });
  const needed: Expr[] = [];
  for (const each of [...conditions, ...solved.conditions]) {
    const condition = simplifier.simplify(place(each));
    if (isConst(condition)) {
      if (condition.value === false) return undefined;
      continue;
    }
    needed.push(condition);
    simplifier.assume(condition);
  }
  return { axes: kept.axes, conditions: needed, value: simplifier.simplify(place(value)) };
}

/** The indices that are really read: what cannot be proved inside is clamped. */
function insideIndices({ indices, shape }: Summand, simplifier: Simplifier): readonly Expr[] {
  return indices.map((index, d) => {
    const extent = shape[d] ?? int(1);
    const inside = build.binary("and", build.binary("ge", index, int(0)), build.binary("lt", index, extent));
    if (simplifier.proves(inside)) return index;
    return build.binary("max", build.binary("min", index, build.sub(extent, int(1))), int(0));
  });
}

function isIndexEquation(condition: Expr): condition is Extract<Expr, { readonly kind: "Binary" }> {
  return condition.kind === "Binary" && condition.op === "eq" && condition.left.dtype === "index";
}
