import { InternalError } from "@tilewright/diagnostics";
import { arrayLength, arrayType, bfloat16Bits, evaluate, float16Bits, type TypedArray } from "@tilewright/interp";
import type { Buffer, DType, PrimFunc, Tensor } from "@tilewright/ir";
import { storedBound } from "./random-expr.js";

/** Arrays by parameter name. */
export type Memory = Readonly<Record<string, TypedArray>>;

/** The number of elements of a constant shape. */
export function elementsOf(buffer: Buffer | Tensor): number {
  return buffer.shape.reduce((product, extent) => product * Number(evaluate(extent)), 1);
}

/** A new array of zeros for `count` elements. */
export function zeros(dtype: DType, count: number): TypedArray {
  const ArrayType = arrayType(dtype);
  if (ArrayType === null) throw new InternalError(`no memory holds ${dtype}`);
  const bytes = new ArrayBuffer(ArrayType.BYTES_PER_ELEMENT * arrayLength(dtype, count));
  return new ArrayType(bytes, 0, arrayLength(dtype, count));
}

/** A linear congruential generator of integers below a bound. */
function generator(seed: number): (bound: number) => number {
  let state = seed * 2654435761 + 12345;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % bound;
  };
}

/** Small integers for placeholders, the same for the same seed. */
export function inputsForTensors(tensors: readonly Tensor[], seed = 1): Map<Tensor, TypedArray> {
  const next = generator(seed);
  return new Map(tensors.map((tensor) => [tensor, fill(zeros(tensor.dtype, elementsOf(tensor)), tensor.dtype, next)]));
}

/** Small integers, the same for the same seed: arguments for a random function. Scalar parameters are not filled. */
export function inputsFor(func: PrimFunc, seed = 1): Memory {
  const next = generator(seed);
  const memory: Record<string, TypedArray> = {};
  for (const parameter of func.parameters) {
    if (parameter.kind !== "Buffer") continue;
    memory[parameter.name] = fill(zeros(parameter.dtype, elementsOf(parameter)), parameter.dtype, next);
  }
  return memory;
}

function fill(array: TypedArray, dtype: DType, next: (bound: number) => number): TypedArray {
  const bound = Math.min(9, storedBound(dtype));
  for (let k = 0; k < array.length; k++) {
    const value = next(2 * bound + 1) - bound;
    if (dtype === "bool") array[k] = next(2);
    else if (dtype === "float16" || dtype === "bfloat16")
      array[k] = dtype === "float16" ? float16Bits(value) : bfloat16Bits(value);
    else if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[k] = BigInt(value);
    else array[k] = value;
  }
  return array;
}

/** A copy of every array. Arrays of one ArrayBuffer share the copy too. */
export function copyMemory(memory: Memory): Memory {
  const copies = new Map<ArrayBufferLike, ArrayBufferLike>();
  const copyOf = (array: TypedArray): TypedArray => {
    const copy = copies.get(array.buffer) ?? array.buffer.slice(0);
    copies.set(array.buffer, copy);
    const ArrayType = array.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray;
    return new ArrayType(copy, array.byteOffset, array.length);
  };
  return Object.fromEntries(Object.entries(memory).map(([name, array]) => [name, copyOf(array)]));
}

/** |actual − expected| ≤ absolute + relative · |expected|; both 0 demands equal values. NaN equals NaN, −0 equals 0. */
export interface Tolerance {
  readonly relative: number;
  readonly absolute: number;
}

/**
 * The first difference as text, or null. `exact`: equal values, and −0 is not 0; NaN equals NaN. Sixteen-bit floats are compared as bits
 * when they are Uint16Array: pass a tolerance of 0.
 */
export function compareMemory(
  expected: Memory,
  actual: Memory,
  tolerance: Tolerance | "exact" = { relative: 0, absolute: 0 },
): string | null {
  for (const [name, array] of Object.entries(expected)) {
    const other = actual[name];
    if (other === undefined || other.length !== array.length)
      return `${name}: ${other?.length ?? "no"} elements instead of ${array.length}`;
    for (let k = 0; k < array.length; k++) {
      const [a, b] = [array[k] as number | bigint, other[k] as number | bigint];
      if (tolerance === "exact" ? !Object.is(a, b) : !isClose(a, b, tolerance))
        return `${name}[${k}] is ${textOf(b)} instead of ${textOf(a)}`;
    }
  }
  return null;
}

const textOf = (value: number | bigint): string => (Object.is(value, -0) ? "-0" : String(value));

function isClose(expected: number | bigint, actual: number | bigint, { relative, absolute }: Tolerance): boolean {
  if (expected === actual) return true;
  const [a, b] = [Number(expected), Number(actual)];
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  return Math.abs(a - b) <= absolute + relative * Math.abs(a);
}
