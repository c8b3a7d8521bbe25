import { CompileError, type Span } from "@tilewright/diagnostics";
import { type IterVar, isFloat, REASSOCIATE, type Reduce } from "@tilewright/ir";
import { brokenLaw } from "./combiner-laws.js";
import { notRegroupable } from "./errors-stages.js";
import type { Stage } from "./schedule.js";

/**
 * Rule: a fold may be regrouped when its order was not promised and the laws of its combiner hold on small values; when its elements are
 * `reordered` too, order must not matter either.
 *
 * @throws CompileError SCH130
 */
export function checkFolds(
  stage: Stage,
  { primitive, reordered }: { readonly primitive: string; readonly reordered: boolean },
  span: Span,
): void {
  const reduces = stage.bodies.filter((body): body is Reduce => body.kind === "Reduce");
  for (const { combiner, fast } of reduces) {
    const rounds = combiner.lhs.some(({ dtype }) => isFloat(dtype));
    if (rounds && (fast & REASSOCIATE) === 0) {
      const expected = reordered ? "a fold in any order" : "a fold in any grouping";
      const actual = `\`${combiner.name}\` with strict: true, in the order of its axes`;
      throw new CompileError(notRegroupable(primitive, stage.name, expected, actual, span));
    }
  }
  for (const combiner of new Set(reduces.map((reduce) => reduce.combiner))) {
    const broken = brokenLaw(combiner, { reordered });
    if (broken === null) continue;
    const expected = `that \`${combiner.name}\` gives the same in every ${reordered ? "order and grouping" : "grouping"}`;
    throw new CompileError(notRegroupable(primitive, stage.name, expected, broken, span));
  }
}

/** The reduction loops in the order in which the axes of the fold run; undefined when loops are out of that order already. */
export function foldOrder(stage: Stage): readonly IterVar[] | undefined {
  let order: readonly IterVar[] = stage.reduceAxes;
  for (const relation of stage.relations) {
    if (relation.kind === "split") {
      const { parent, outer, inner } = relation;
      order = order.flatMap((axis) => (axis === parent ? [outer, inner] : [axis]));
      continue;
    }
    const { outer, inner, fused } = relation;
    const at = order.indexOf(outer);
    if (at < 0) continue;
    if (order[at + 1] !== inner) return undefined;
    order = order.flatMap((axis) => (axis === outer ? [fused] : axis === inner ? [] : [axis]));
  }
  return order;
}
