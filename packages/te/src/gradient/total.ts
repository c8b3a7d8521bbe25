import type { Span } from "@tilewright/diagnostics";
import { build, type DType, type Expr, type IterVar, type Tensor } from "@tilewright/ir";
import { constant } from "../math.js";
import { sum } from "../reduce.js";
import { foldBy } from "./fold.js";
import { type Gathered, gather, type Summand } from "./gather.js";
import { conjunction, where } from "./sensitivity.js";
import { copyAxes, dataAxes, ownElement, stage } from "./stage.js";

/** What a gradient is called, and of what shape and type it is. */
export interface Form {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
  readonly axisNames: readonly string[];
}

/**
 * The sum of all contributions to a gradient. Each that is a sum itself is a compute of its own, since a reduction is the whole body of one;
 * those without a reduction are added in the last.
 */
export function total(form: Form, summands: readonly Summand[], span: Span): Tensor {
  const axes = dataAxes(form.shape, form.axisNames, span);
  const parts = summands.flatMap((summand) => {
    const part = gather(summand, axes);
    return part === undefined ? [] : [{ ...part, strict: summand.strict }];
  });
  const folds = parts.filter((part) => part.axes.length > 0);
  const [only] = folds;
  if (only !== undefined && parts.length === 1) return stage(form.name, axes, folded(only, span), span);
  const terms = parts.filter((part) => part.axes.length === 0).map(({ conditions, value }) => where(conditions, value));
  folds.forEach((part, position) => {
    const made = alone(`${form.name}.${position}`, axes, folded(part, span), span);
    terms.push(ownElement(made, axes, span));
  });
  const body = terms.length === 0 ? constant(0, form.dtype) : terms.reduce((a, b) => build.add(a, b));
  return stage(form.name, axes, body, span);
}

function folded({ axes, conditions, value, strict }: Gathered & { readonly strict: boolean }, span: Span): Expr {
  return foldBy(sum, value, axes, conditions.length === 0 ? null : conjunction(conditions), { strict }, span);
}

/** A body over axes as a stage with axes of its own. */
function alone(name: string, axes: readonly IterVar[], body: Expr, span: Span): Tensor {
  const own = copyAxes(axes);
  return stage(name, own.axes, own.inside(body), span);
}
