import { CompileError } from "@tilewright/diagnostics";
import { arrayLength, arrayType, evaluateTensors, type TypedArray } from "@tilewright/interp";
import { type BlobReference, bytesOf, type DType, type Tensor, type Value } from "@tilewright/ir";
import { bindTensors, defaultOperators, type Model, type Operators, shapeOf, sizeOf } from "@tilewright/ops";
import * as te from "@tilewright/te";
import { missingBlob, missingInput } from "./errors.js";

export interface EvaluateModelOptions {
  readonly operators?: Operators;
  /** Evaluate float32 in double precision. */
  readonly float64?: boolean;
}

/**
 * Values of a graph by the reference interpreter, operator after operator: slow, and what compiled models are compared with.
 * @param wanted values of the graph
 * @param given arrays of the inputs, and of states that do not start from their initial values
 * @throws CompileError `CO101` a blob is missing · `CO102` an input is missing · what operators and interpreter throw
 */
export function evaluateModel(
  { graph, blobs }: Model,
  wanted: readonly Value[],
  given: ReadonlyMap<Value, TypedArray>,
  { operators = defaultOperators, float64 = false }: EvaluateModelOptions = {},
): readonly TypedArray[] {
  const bindings = new Map<Value, Tensor>();
  const data = new Map<Tensor, TypedArray>();
  const bind = (value: Value, array: TypedArray): void => {
    const tensor = te.placeholder(shapeOf(value), { name: value.name, dtype: value.dtype });
    bindings.set(value, tensor);
    data.set(tensor, array);
  };
  for (const value of graph.inputs) {
    const array = given.get(value);
    if (array === undefined) throw new CompileError(missingInput(value.name, value.span));
    bind(value, array);
  }
  for (const { value, data: reference } of graph.constants) bind(value, arrayOf(value, reference, blobs));
  for (const { value, initial } of graph.states) bind(value, given.get(value) ?? arrayOf(value, initial, blobs));
  bindTensors(graph.nodes, operators, bindings);
  const outputs = wanted.map((value) => {
    const tensor = bindings.get(value);
    if (tensor === undefined) throw new CompileError(missingInput(value.name, value.span));
    return tensor;
  });
  return evaluateTensors(outputs, data, { float64 });
}

/** The elements that a reference names, zeros for none. */
function arrayOf(value: Value, reference: BlobReference | null, blobs: ReadonlyMap<string, Uint8Array>): TypedArray {
  const count = sizeOf(shapeOf(value));
  if (reference === null) return typedArray(value.dtype, count);
  return typedArray(value.dtype, count, bytesOfBlob(value, reference, blobs));
}

/** The bytes that a reference names. @throws CompileError `CO101` when they are not there. */
export function bytesOfBlob(
  value: Value,
  reference: BlobReference,
  blobs: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  const { blob, offset, byteLength } = reference;
  const bytes = blobs.get(blob)?.subarray(offset, offset + byteLength);
  if (bytes?.length !== byteLength) throw new CompileError(missingBlob(value.name, blob, byteLength, value.span));
  return bytes;
}

/** @throws CompileError `CO101` for a constant or an initial state without exactly the bytes of its type. */
export function checkBlobs({ graph, blobs }: Model): void {
  const references = [
    ...graph.constants.map(({ value, data }) => ({ value, reference: data })),
    ...graph.states.map(({ value, initial }) => ({ value, reference: initial })),
  ];
  for (const { value, reference } of references) {
    if (reference === null) continue;
    const expected = bytesOf(value.dtype, sizeOf(shapeOf(value)));
    const { blob, byteLength } = reference;
    if (byteLength !== expected) throw new CompileError(missingBlob(value.name, blob, expected, value.span));
    bytesOfBlob(value, reference, blobs);
  }
}

/** A new array of `count` elements, with `bytes` (little-endian) in it. */
export function typedArray(dtype: DType, count: number, bytes?: Uint8Array): TypedArray {
  const length = arrayLength(dtype, count);
  const ArrayOf = arrayType(dtype) ?? Uint8Array;
  const array = new ArrayOf(new ArrayBuffer(length * ArrayOf.BYTES_PER_ELEMENT), 0, length);
  if (bytes !== undefined) new Uint8Array(array.buffer).set(bytes.subarray(0, array.byteLength));
  return array;
}
