import { CompileError } from "@tilewright/diagnostics";
import { type GraphNode, isFloat, type Value } from "@tilewright/ir";
import {
  add,
  broadcastTo,
  type GraphBuilder,
  graphBuilder,
  type Model,
  type Operators,
  operatorKey,
  operatorOf,
  shapeOf,
} from "@tilewright/ops";
import { badSeed, foreignValue, notAFloat, notDifferentiable } from "./errors.js";

export interface GradientOptions {
  /** What is differentiated. With more than one element, the sum of its elements, weighted by `seed`. */
  readonly of: Value;
  readonly withRespectTo: readonly Value[];
  readonly operators: Operators;
  /** The gradient of `of`: ones unless given. */
  readonly seed?: Value;
}

/**
 * Adds to the graph that `b` builds the gradients of `of` with respect to values, in their order, by going backwards through the nodes
 * (reverse mode): each value's gradient is the sum over its uses. What `of` does not depend on has a gradient of zeros. The result is
 * made of ordinary nodes, so that it can be differentiated again.
 *
 * @throws CompileError `AD101` an operator without a gradient on the way · `AD102` values of another graph · `AD103` not a float · `AD104` seed.
 */
export function addGradients(
  b: GraphBuilder,
  { of, withRespectTo, operators, seed }: GradientOptions,
): readonly Value[] {
  const nodes = [...b.nodes()];
  checkValue(b, of, "a value to differentiate");
  for (const value of withRespectTo) checkValue(b, value, "a value to differentiate with respect to");
  if (seed !== undefined) checkValue(b, seed, "a seed");
  const depends = dependents(nodes, withRespectTo);
  const sums = new Map<Value, Value>([[of, startOf(b, of, seed)]]);
  for (let position = nodes.length - 1; position >= 0; position--) {
    const node = nodes[position];
    if (node !== undefined) propagate(b, node, operators, depends, sums);
  }
  return withRespectTo.map((value) => sums.get(value) ?? filled(b, 0, value));
}

/** The same for a finished model: the longer model, and the gradients in it. */
export function gradient(
  model: Model,
  options: GradientOptions,
): { readonly model: Model; readonly gradients: readonly Value[] } {
  const b = graphBuilder(model.graph.name, { from: model });
  const gradients = addGradients(b, options);
  return { model: b.finish([...model.graph.outputs, ...gradients]), gradients };
}

function propagate(
  b: GraphBuilder,
  node: GraphNode,
  operators: Operators,
  depends: ReadonlySet<Value>,
  sums: Map<Value, Value>,
): void {
  const outputGradients = node.outputs.map((output) => sums.get(output) ?? null);
  const wanted = node.inputs.some((input) => input !== null && depends.has(input));
  if (!wanted || outputGradients.every((each) => each === null)) return;
  const operator = operatorOf(operators, node);
  if (operator.gradient === undefined) {
    throw new CompileError(notDifferentiable(node.name, operatorKey(node.operator), node.span));
  }
  const gradients = operator.gradient(b, node, outputGradients);
  node.inputs.forEach((input, k) => {
    const own = gradients[k] ?? null;
    if (input === null || own === null || !depends.has(input)) return;
    const before = sums.get(input);
    sums.set(input, before === undefined ? own : add(b, before, own));
  });
}

/** The values that depend on `roots` through floats, the roots included. */
function dependents(nodes: readonly GraphNode[], roots: readonly Value[]): ReadonlySet<Value> {
  const depends = new Set<Value>(roots);
  for (const { inputs, outputs } of nodes) {
    if (!inputs.some((input) => input !== null && depends.has(input))) continue;
    for (const output of outputs) {
      if (isFloat(output.dtype)) depends.add(output);
    }
  }
  return depends;
}

/** @throws CompileError `AD102`, `AD103`. */
function checkValue(b: GraphBuilder, value: Value, role: string): void {
  if (!b.has(value)) throw new CompileError(foreignValue(value.name, role, value.span));
  if (!isFloat(value.dtype)) throw new CompileError(notAFloat(value.name, role, value.dtype, value.span));
}

function startOf(b: GraphBuilder, of: Value, seed: Value | undefined): Value {
  if (seed === undefined) return filled(b, 1, of);
  const [expected, actual] = [of, seed].map((value) => `${value.dtype} (${shapeOf(value).join(", ")})`);
  if (expected !== actual) throw new CompileError(badSeed(seed.name, expected ?? "", actual ?? "", seed.span));
  return seed;
}

/** A value of the type of `like`, every element of which is `element`. */
function filled(b: GraphBuilder, element: number, like: Value): Value {
  const scalar = b.scalar(element, like.dtype);
  return like.shape.length === 0 ? scalar : broadcastTo(b, scalar, shapeOf(like));
}
