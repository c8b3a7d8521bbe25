import type { Expr, Reduce, Tensor } from "@tilewright/ir";
import { constant, div, eq, select } from "../math.js";
import { sum } from "../reduce.js";
import { type Fold, foldBy, nestBeside } from "./fold.js";
import { conjunction, guarded, type Sensitivity } from "./sensitivity.js";
import { ownElement, stage, stages } from "./stage.js";

/**
 * The gradient through a fold that chooses one of its elements, as the greatest: those whose tuple equals the result share it equally, the initial
 * value among them. `components` are those of the tuple that decide.
 */
export function sharedAmongChosen(
  fold: Fold,
  components: readonly number[],
): { readonly source: Sensitivity; readonly initial: Sensitivity } {
  const { reduce, outer, output, span } = fold;
  const results = components.length === 1 ? [output.tensor] : resultsOf(fold, components);
  const isHit = (tuple: readonly Expr[]): Expr =>
    conjunction(
      components.map((k, position) => eq(tuple[k] as Expr, ownElement(results[position] as Tensor, outer, span))),
    );
  const { dtype } = output.tensor;
  const { data, folded, where, inside } = nestBeside(fold);
  const counted = (tuple: readonly Expr[]): Expr => inside(select(isHit(tuple), constant(1, dtype), 0));
  const start = reduce.initial === null ? {} : { initial: counted(reduce.initial) };
  const count = foldBy(sum, counted(reduce.sources), folded, where, start, span);
  const hits = stage(`${output.tensor.name}.hits`, data, count, span);
  const share = div(output.gradient.value, ownElement(hits, outer, span));
  const of = (tuple: readonly Expr[]): Sensitivity => guarded({ ...output.gradient, value: share }, isHit(tuple));
  return { source: of(reduce.sources), initial: reduce.initial === null ? output.gradient : of(reduce.initial) };
}

/** All components of the chosen tuple: the compute may hold but some. */
function resultsOf(fold: Fold, components: readonly number[]): readonly Tensor[] {
  const { reduce, output, span } = fold;
  const { data, folded: axes, where: condition, inside } = nestBeside(fold);
  const sources = reduce.sources.map(inside);
  const initial = reduce.initial?.map(inside) ?? null;
  const bodies = components.map((valueIndex): Reduce => {
    const { dtype } = sources[valueIndex] as Expr;
    return { ...reduce, axes, sources, condition, initial, valueIndex, dtype };
  });
  return stages(`${output.tensor.name}.chosen`, data, bodies, span);
}
