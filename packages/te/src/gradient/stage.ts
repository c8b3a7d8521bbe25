import type { Span } from "@tilewright/diagnostics";
import {
  build, type Compute, type Expr, type IterVar, int, isConst, type Read, substitute, type Tensor, type Var, variable,
} from "@tilewright/ir"; // biome-ignore format: a list
import { axis } from "../tensor.js";

/** A tensor computed over axes of its own, which start at 0. */
export function stage(name: string, axes: readonly IterVar[], body: Expr, span: Span): Tensor {
  return stages(name, axes, [body], span)[0] as Tensor;
}

/** Tensors computed by one loop nest. */
export function stages(name: string, axes: readonly IterVar[], bodies: readonly Expr[], span: Span): readonly Tensor[] {
  const operation: Compute = { kind: "Compute", span, name, axes, bodies, attributes: {} };
  const shape = axes.map(({ extent }) => extent);
  return bodies.map((body, outputIndex) => ({
    kind: "Tensor", span, name: bodies.length === 1 ? name : `${name}.${outputIndex}`, dtype: body.dtype, shape, operation, outputIndex,
  })); // biome-ignore format: one node
}

/** The element of a tensor that its own operation computes at its axes. */
export function ownElement(tensor: Tensor, axes: readonly IterVar[], span: Span): Read {
  return element(tensor, axes.map(fromZero), span);
}

export function element(tensor: Tensor, indices: readonly Expr[], span: Span): Read {
  return { kind: "Read", span, dtype: tensor.dtype, lanes: 1, tensor, indices };
}

/** How far an axis is from its start. */
export function fromZero({ variable: own, min }: IterVar): Expr {
  return isConst(min, 0) ? own : build.sub(own, min);
}

/** Axes with variables of their own. */
export interface Copies {
  readonly axes: readonly IterVar[];
  /** An expression over the old axes as one over these. */
  readonly inside: (expr: Expr) => Expr;
}

/** Copies of axes, whose bounds may use each other, with names apart from those that are taken. */
export function copyAxes(axes: readonly IterVar[], taken: Iterable<string> = []): Copies {
  const names = distinctNames(
    axes.map(({ name }) => name),
    taken,
  );
  const variables = new Map(axes.map((each, position) => [each.variable, variable(names[position] ?? each.name)]));
  const inside = (expr: Expr): Expr => substitute(expr, variables);
  const made = axes.map((each): IterVar => {
    const own = variables.get(each.variable) as Var;
    return { ...each, name: own.name, variable: own, min: inside(each.min), extent: inside(each.extent) };
  });
  return { axes: made, inside };
}

/** New data axes of a shape. */
export function dataAxes(shape: readonly Expr[], names: readonly string[], span: Span): readonly IterVar[] {
  return shape.map((extent, position) => axis(names[position] ?? "i", int(0, span), extent, "data", span));
}

/** Names with a number behind those that are there already. One letter that an axis around has becomes `k`, if that is free. */
export function distinctNames(wanted: readonly string[], around: Iterable<string> = []): readonly string[] {
  const outer = new Set(around);
  const used = new Set(outer);
  return wanted.map((name) => {
    let found = outer.has(name) && name.length === 1 ? "k" : name;
    for (let number = 1; used.has(found); number++) found = `${name}_${number}`;
    used.add(found);
    return found;
  });
}
