import { linearForm } from "@tilewright/arith";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Expr, type IterVar, isConst } from "@tilewright/ir";
import { notInvertible } from "./errors-stages.js";
import { clampedParts, readsOf } from "./infer-bounds.js";
import type { Stage } from "./schedule.js";

/**
 * Which axes of a reader run along the given axes of a stage: every read must have, in their dimensions, a data axis of the reader each,
 * perhaps plus a constant. A strided index, a sum of axes, a constant one or one axis twice has no inverse.
 *
 * @throws CompileError SCH133
 */
export function inverseMap(
  reader: Stage,
  bodies: readonly Expr[],
  stage: Stage,
  axes: readonly IterVar[],
  primitive: string,
  span: Span,
): ReadonlyMap<IterVar, IterVar> {
  const refuse = (axis: IterVar, why: string): never => {
    throw new CompileError(
      notInvertible(primitive, reader.name, stage.name, axis.name, stage.axes.indexOf(axis), why, span),
    );
  };
  const map = new Map<IterVar, IterVar>();
  for (const read of readsOf(bodies).filter(({ tensor }) => stage.tensors.includes(tensor))) {
    for (const axis of axes) {
      const found = axisOf(read.indices[stage.axes.indexOf(axis)] as Expr, reader);
      if (typeof found === "string") refuse(axis, found);
      else if ((map.get(axis) ?? found) !== found)
        refuse(axis, `two reads, along \`${map.get(axis)?.name}\` and \`${found.name}\``);
      else map.set(axis, found);
    }
  }
  for (const [axis, own] of map) {
    const other = [...map].find(([each, same]) => each !== axis && same === own);
    if (other !== undefined) refuse(axis, `\`${own.name}\`, which is index ${stage.axes.indexOf(other[0])} too`);
  }
  return map;
}

/** The data axis of `reader` that an index is, up to a constant; else what it is instead. */
function axisOf(given: Expr, reader: Stage): IterVar | string {
  const index = clampedParts(given)?.inner ?? given;
  const axes = [...reader.axes, ...reader.reduceAxes];
  const form = linearForm(
    index,
    axes.map(({ variable }) => variable),
  );
  if (form === undefined || !isConst(form.rest)) return "no sum of an axis and a constant";
  const used = axes.filter(({ variable }) => form.coefficients.has(variable));
  const [axis] = used;
  if (axis === undefined) return "a constant";
  if (used.length > 1) return `a sum of ${used.map(({ name }) => `\`${name}\``).join(" and ")}`;
  const stride = form.coefficients.get(axis.variable) as Expr;
  if (!isConst(stride, 1)) return `\`${axis.name}\` with a stride`;
  return axis.iterKind === "data" ? axis : `\`${axis.name}\`, which \`${reader.name}\` reduces over`;
}
