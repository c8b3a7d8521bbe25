import { type Expr, type IterVar, int, type Reduce } from "@tilewright/ir";
import { and, mul, ne, or } from "../math.js";
import { prod } from "../reduce.js";
import { type Fold, foldBy, type Nest, nestBeside } from "./fold.js";
import type { Sensitivity } from "./sensitivity.js";
import { copyAxes, fromZero, ownElement, stage } from "./stage.js";

/** The gradient of one factor: the product of all others, a stage of its own. No division, so zeros are right; quadratic in the factors. */
export function timesOtherFactors(fold: Fold): Sensitivity {
  const { reduce, outer, output, span } = fold;
  const { data, folded, where, inside } = nestBeside(fold);
  const names = [...data, ...folded].map(({ name }) => name);
  const left = copyAxes(reduce.axes, names).axes.map((each): IterVar => ({ ...each, iterKind: "data", min: int(0) }));
  const isOther = folded
    .map((each, position) => ne(fromZero(each), (left[position] as IterVar).variable))
    .reduce((a, b) => or(a, b));
  const nest = { data, folded, inside, where: where === null ? isOther : and(where, isOther) };
  const others = product(fold, nest, reduce.initial?.[reduce.valueIndex]);
  const made = stage(`${output.tensor.name}.others`, [...data, ...left], others, span);
  return times(output.gradient, ownElement(made, [...outer, ...reduce.axes], span));
}

/** The gradient of the initial value: the product of all factors. */
export function timesAllFactors(fold: Fold): Sensitivity {
  const { outer, output, span } = fold;
  const nest = nestBeside(fold);
  const made = stage(`${output.tensor.name}.factors`, nest.data, product(fold, nest, undefined), span);
  return times(output.gradient, ownElement(made, outer, span));
}

function product({ reduce, strict, span }: Fold, { folded, where, inside }: Nest, initial: Expr | undefined): Reduce {
  const start = initial === undefined ? {} : { initial: inside(initial) };
  return foldBy(prod, inside(reduce.sources[reduce.valueIndex] as Expr), folded, where, { strict, ...start }, span);
}

const times = ({ guard, value }: Sensitivity, factor: Expr): Sensitivity => ({ guard, value: mul(value, factor) });
