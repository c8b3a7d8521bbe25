import { isConst, type Tensor, visit } from "@tilewright/ir";
import { operationsOf } from "./structure.js";

/** How many elements are computed and folded for `outputs`: over all their operations, elements times the length of folds. */
export function workOf(outputs: readonly Tensor[]): number {
  let work = 0;
  for (const operation of operationsOf(outputs)) {
    if (operation.kind === "Scan" || operation.kind === "Extern") return Number.POSITIVE_INFINITY;
    if (operation.kind !== "Compute") continue;
    let folded = 1;
    for (const body of operation.bodies) {
      visit(body, {
        Reduce: ({ axes }) => {
          folded = Math.max(folded, sizeOfAxes(axes));
        },
      });
    }
    work += sizeOfAxes(operation.axes) * folded;
  }
  return work;
}

function sizeOfAxes(axes: readonly { readonly extent: Tensor["shape"][number] }[]): number {
  return axes.reduce(
    (size, { extent }) => size * (isConst(extent) ? Number(extent.value) : Number.POSITIVE_INFINITY),
    1,
  );
}
