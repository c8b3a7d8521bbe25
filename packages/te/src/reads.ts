import { boundsOf, type Interval, linearForm, simplify } from "@tilewright/arith";
import { CompileError } from "@tilewright/diagnostics";
import type { Compute, Expr, Node, Read, Reduce, Var } from "@tilewright/ir";
import { walk } from "./check.js";
import * as errors from "./errors.js";

/**
 * Refuses a read that certainly leaves its tensor at some point of the axes' domains: a read that is always evaluated, whose index is
 * affine in the axes, or outside for every value. All other reads are legal, and clamped where they cannot be proved inside.
 * @throws CompileError `TE203`.
 */
export function checkReads(operation: Compute): void {
  const [first] = operation.bodies;
  const reduce = first?.kind === "Reduce" ? first : undefined;
  const ranges = new Map<Var, Interval>();
  for (const { variable, min, extent } of [...operation.axes, ...(reduce?.axes ?? [])]) {
    if (min.kind !== "Const" || extent.kind !== "Const") continue;
    if (Number(extent.value) === 0) return;
    ranges.set(variable, { min: Number(min.value), max: Number(min.value) + Number(extent.value) - 1 });
  }
  const seen = new Set<Node>();
  for (const root of operation.bodies.flatMap(certain)) {
    walk(root, seen, (node) => {
      if (node.kind === "Select" || node.kind === "IfThenElse") return false;
      if (node.kind === "Read") checkRead(node, ranges);
      return true;
    });
  }
}

/** What is evaluated at every point. */
function certain(body: Expr): readonly Expr[] {
  if (body.kind !== "Reduce") return [body];
  const reduce: Reduce = body;
  return reduce.condition === null ? reduce.sources : [reduce.condition];
}

function checkRead(node: Read, ranges: ReadonlyMap<Var, Interval>): void {
  node.indices.forEach((index, position) => {
    const extent = node.tensor.shape[position];
    if (extent?.kind !== "Const") return;
    const length = Number(extent.value);
    const { min, max } = boundsOf(
      index.kind === "Const" || index.kind === "Var" ? index : simplify(index, { ranges }),
      ranges,
    );
    const inside = min >= 0 && max < length;
    if (inside || !(Number.isFinite(min) && Number.isFinite(max))) return;
    if (max < 0 || min >= length || attainsBounds(index, ranges))
      throw new CompileError(errors.outOfBounds(node.tensor, position, min, max, node.span));
  });
}

/** Affine in independent axes: every value between the bounds that the coefficients allow is taken, the ends among them. */
function attainsBounds(index: Expr, ranges: ReadonlyMap<Var, Interval>): boolean {
  const form = linearForm(index, ranges.keys(), { ranges });
  return (
    form !== undefined &&
    form.rest.kind === "Const" &&
    [...form.coefficients.values()].every(({ kind }) => kind === "Const")
  );
}
