import type { Tensor, Value } from "@tilewright/ir";
import * as te from "@tilewright/te";
import { bindTensors, decodeData, defaultOperators, type Model, type Operators, shapeOf } from "../src/index.js";
import { evaluateTensors } from "./evaluate.js";

/** The values asked for, evaluated in float64; inputs and states by value. */
export function evaluateModel(
  { graph, blobs }: Model,
  wanted: readonly Value[],
  given: ReadonlyMap<Value, ArrayLike<number>>,
  operators: Operators = defaultOperators,
): Float64Array[] {
  const bindings = new Map<Value, Tensor>();
  const data = new Map<Tensor, Float64Array>();
  const bind = (value: Value, elements: ArrayLike<number>): void => {
    const tensor = te.placeholder(shapeOf(value), { name: value.name, dtype: value.dtype });
    bindings.set(value, tensor);
    data.set(tensor, Float64Array.from(elements));
  };
  for (const [value, elements] of given) bind(value, elements);
  for (const { value, data: reference } of graph.constants) {
    const bytes = blobs.get(reference.blob);
    const elements = bytes === undefined ? null : decodeData(value.dtype, bytes);
    if (elements === null) throw new Error(`the constant ${value.name} has no data`);
    bind(value, elements);
  }
  bindTensors(graph.nodes, operators, bindings);
  return evaluateTensors(wanted.map((value) => bindings.get(value) as Tensor), data);
}
