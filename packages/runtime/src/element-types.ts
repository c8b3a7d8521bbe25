import { ELEMENT_BYTES, type ElementType } from "@tilewright/artifact";
import { badArray, outOfMemory } from "./errors.js";
import { fromHalfBits, toHalfBits } from "./half.js";

/** Typed arrays that hold elements. Where the engine has no `Float16Array`, float16 lies in a `Uint16Array` as bits; bfloat16 always. */
export type ElementArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

type ElementArrayConstructor = {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ElementArray;
  new (length: number): ElementArray;
};

const NATIVE_FLOAT16 = (globalThis as { readonly Float16Array?: ElementArrayConstructor }).Float16Array;

const CONSTRUCTORS: Readonly<Record<ElementType, ElementArrayConstructor>> = {
  bool: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: NATIVE_FLOAT16 ?? Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
};

const NAMES: Readonly<Record<string, ElementType>> = {
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Int8Array: "int8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  BigInt64Array: "int64",
  BigUint64Array: "uint64",
  Float16Array: "float16",
  Float32Array: "float32",
  Float64Array: "float64",
};

/** Elements of `dtype` in memory that begins at a multiple of their size. */
export function viewElements(dtype: ElementType, bytes: Uint8Array): ElementArray {
  return new CONSTRUCTORS[dtype](bytes.buffer, bytes.byteOffset, bytes.byteLength / ELEMENT_BYTES[dtype]);
}

/** Zeros. @throws CompileError `RT108` */
export function newElements(dtype: ElementType, length: number): ElementArray {
  try {
    return new CONSTRUCTORS[dtype](length);
  } catch {
    throw outOfMemory(length * ELEMENT_BYTES[dtype], 0);
  }
}

/** The element type that a typed array suggests. */
export function suggestedType(array: ElementArray): ElementType | undefined {
  return NAMES[array[Symbol.toStringTag]];
}

/** True when `array` can stand for elements of `dtype` without a copy. */
export function holds(array: ElementArray, dtype: ElementType): boolean {
  return array.constructor === CONSTRUCTORS[dtype] || (dtype === "float16" && array instanceof Uint16Array);
}

/** One element as a number: half floats decoded, bool as 0 or 1, 64-bit integers as bigint. */
export function readElement(array: ElementArray, dtype: ElementType, index: number): number | bigint {
  const held = array[index] ?? 0;
  if ((dtype === "float16" && array instanceof Uint16Array) || dtype === "bfloat16")
    return fromHalfBits(Number(held), dtype);
  return held;
}

/** Writes one element, converted as a typed array converts. @throws CompileError `RT112` a fraction for a 64-bit integer */
export function writeElement(
  array: ElementArray,
  dtype: ElementType,
  index: number,
  value: number | bigint | boolean,
): void {
  if (array instanceof BigInt64Array || array instanceof BigUint64Array) {
    if (typeof value === "number" && !Number.isInteger(value)) throw badArray(`integers for ${dtype}`, `${value}`);
    array[index] = BigInt(value);
  } else if (dtype === "bool") array[index] = value ? 1 : 0;
  else if ((dtype === "float16" && array instanceof Uint16Array) || dtype === "bfloat16")
    array[index] = toHalfBits(Number(value), dtype);
  else array[index] = Number(value);
}
