import { bitsOf, bytesOf, type DType, type Scope } from "@tilewright/ir";
import { bfloat16Bits, bfloat16OfBits, float16Bits, float16OfBits } from "./float.js";
import type { ForkContext } from "./races.js";
import { classOf, type Precision, type Scalar, wrapping } from "./values.js";

export type TypedArray =
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

type ArrayConstructor = (new (
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
) => TypedArray) & {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
};

const ARRAYS: Readonly<Record<DType, ArrayConstructor | null>> = {
  bool: Uint8Array,
  int2: Uint8Array,
  int4: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint2: Uint8Array,
  uint4: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  float32: Float32Array,
  float64: Float64Array,
  index: null,
};

/** The typed array that holds elements of `dtype`; null for `index`, which no memory holds. */
export function arrayType(dtype: DType, precision: Precision = "exact"): ArrayConstructor | null {
  return dtype === "float32" && precision === "float64" ? Float64Array : ARRAYS[dtype];
}

/** Length of the typed array that holds `count` elements: packed types are counted in bytes. */
export function arrayLength(dtype: DType, count: number): number {
  return bitsOf(dtype) < 8 ? bytesOf(dtype, count) : count;
}

/** A run of bytes that views share: one argument's ArrayBuffer, or one allocation. */
export interface Backing {
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Bytes that race detection tells apart. */
  readonly granule: number;
  /** 1 for every byte that was written; null for arguments, which the caller initialised. */
  readonly initialised: Uint8Array | null;
  readonly scope: Scope;
  /** Forks whose branches cannot share this memory, since one branch allocated it. */
  readonly privateTo: readonly ForkContext[];
}

/** A buffer's memory: a view of a backing by type, shape and strides (in elements). */
export interface Memory {
  readonly backing: Backing;
  readonly byteOffset: number;
  readonly name: string;
  readonly dtype: DType;
  /** Distance of elements in memory. */
  readonly elementBits: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** Elements from the first to the last. */
  readonly length: number;
  get(element: number): Scalar;
  set(element: number, value: Scalar): void;
}

type Accessors = Pick<Memory, "get" | "set">;

function packedAccessors(array: Uint8Array, dtype: DType): Accessors {
  const bits = bitsOf(dtype);
  const wrap = wrapping(dtype);
  const mask = (1 << bits) - 1;
  return {
    get: (element) => wrap(((array[(element * bits) >> 3] ?? 0) >> ((element * bits) & 7)) & mask),
    set: (element, value) => {
      const byte = (element * bits) >> 3;
      const shift = (element * bits) & 7;
      array[byte] = ((array[byte] ?? 0) & ~(mask << shift)) | ((Number(value) & mask) << shift);
    },
  };
}

function accessors(array: TypedArray, dtype: DType): Accessors {
  if (bitsOf(dtype) < 8) return packedAccessors(array as Uint8Array, dtype);
  if (dtype === "bool") {
    return {
      get: (e) => array[e] !== 0,
      set: (e, value) => {
        array[e] = value ? 1 : 0;
      },
    };
  }
  if (dtype === "float16" || dtype === "bfloat16") {
    const [decode, encode] = dtype === "float16" ? [float16OfBits, float16Bits] : [bfloat16OfBits, bfloat16Bits];
    return {
      get: (e) => decode(array[e] as number),
      set: (e, value) => {
        array[e] = encode(value as number);
      },
    };
  }
  if (classOf(dtype) === "wide") {
    const wide = array as BigInt64Array;
    return {
      get: (e) => wide[e] as bigint,
      set: (e, value) => {
        wide[e] = value as bigint;
      },
    };
  }
  const plain = array as Float64Array;
  return {
    get: (e) => plain[e] as number,
    set: (e, value) => {
      plain[e] = value as number;
    },
  };
}

/** Strides of a dense row-major shape. */
export function denseStrides(shape: readonly number[]): number[] {
  const strides: number[] = new Array(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = (strides[d + 1] ?? 1) * (shape[d + 1] ?? 1);
  return strides;
}

/** Elements from the first to the last of a strided shape; 0 when a dimension is 0. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  return shape.some((extent) => extent === 0)
    ? 0
    : shape.reduce((last, extent, d) => last + (extent - 1) * (strides[d] ?? 0), 1);
}

export interface ViewOptions {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly byteOffset: number;
  readonly precision: Precision;
}

/** A view of `backing`. It must fit, be aligned to its element, and have a type that memory can hold: callers check. */
export function view(backing: Backing, options: ViewOptions): Memory {
  const { name, dtype, shape, strides, byteOffset, precision } = options;
  const length = spanOf(shape, strides);
  const ArrayType = arrayType(dtype, precision) ?? Uint8Array;
  const { buffer, byteOffset: start } = backing.bytes;
  const array = new ArrayType(buffer, start + byteOffset, arrayLength(dtype, length));
  const elementBits = Math.min(bitsOf(dtype) < 8 ? bitsOf(dtype) : 64, ArrayType.BYTES_PER_ELEMENT * 8);
  return { backing, byteOffset, name, dtype, elementBits, shape, strides, length, ...accessors(array, dtype) };
}

/** The index tuple of an element's offset, for messages; flat when the strides are not dense. */
export function indexOf(memory: Memory, element: number): number[] {
  const dense = denseStrides(memory.shape);
  if (memory.strides.some((stride, d) => stride !== dense[d])) return [element];
  return memory.shape.map((extent, d) => Math.floor(element / (dense[d] ?? 1)) % extent);
}
