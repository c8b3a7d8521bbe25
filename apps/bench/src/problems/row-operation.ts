import { randomArray } from "../random-array.js";
import type { Facts, Given } from "./facts.js";

/** An operation that memory limits, on matrices `[rows, columns]`; `chain` is relu(x · y + y) · x − y, five operators. */
export interface RowOperation {
  readonly kind: "row-operation";
  readonly operation: "add" | "chain" | "softmax" | "layer-normalization" | "mean" | "transpose";
  readonly rows: number;
  readonly columns: number;
}

export const EPSILON = 1e-5;

type Operation = RowOperation["operation"];

export function rowOperation(operation: Operation, rows: number, columns: number): RowOperation {
  return { kind: "row-operation", operation, rows, columns };
}

export function takesTwo({ operation }: RowOperation): boolean {
  return operation === "add" || operation === "chain";
}

export function rowOperationFacts(problem: RowOperation): Facts {
  const { operation, rows, columns } = problem;
  const matrix = (name: string, seed: number): Given => ({
    name,
    shape: [rows, columns],
    values: randomArray(rows * columns, seed),
  });
  const [x, y] = [matrix("X", 1), matrix("Y", 2)];
  const inputs = takesTwo(problem) ? [x, y] : [x];
  const shape = operation === "mean" ? [rows] : operation === "transpose" ? [columns, rows] : [rows, columns];
  const outputs = shape.reduce((product, extent) => product * extent, 1);
  const row = (at: number): Float32Array =>
    x.values.subarray(Math.floor(at / columns) * columns, (Math.floor(at / columns) + 1) * columns);
  const value: Readonly<Record<Operation, (at: number) => number>> = {
    add: (at) => (x.values[at] ?? 0) + (y.values[at] ?? 0),
    chain: (at) => chainOf(x.values[at] ?? 0, y.values[at] ?? 0),
    softmax: (at) => Math.exp(x.values[at] ?? 0) / row(at).reduce((sum, each) => sum + Math.exp(each), 0),
    "layer-normalization": (at) => normalized(x.values[at] ?? 0, row(at)),
    mean: (at) => row(at * columns).reduce((sum, each) => sum + each, 0) / columns,
    transpose: (at) => x.values[(at % rows) * columns + Math.floor(at / rows)] ?? 0,
  };
  return {
    workload: `${operation} ${rows}x${columns}`,
    inputs,
    shape,
    flops: 0,
    bytes: 4 * (inputs.length * rows * columns + outputs),
    exactAt: (at) => ({ value: value[operation](at), error: 16 }),
  };
}

function chainOf(x: number, y: number): number {
  return Math.max(x * y + y, 0) * x - y;
}

function normalized(x: number, row: Float32Array): number {
  const mean = row.reduce((sum, each) => sum + each, 0) / row.length;
  const variance = row.reduce((sum, each) => sum + (each - mean) ** 2, 0) / row.length;
  return (x - mean) / Math.sqrt(variance + EPSILON);
}
