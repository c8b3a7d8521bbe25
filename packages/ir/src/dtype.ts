/**
 * Element types. `index` is the type of loop variables, extents and addresses: integers that never overflow (`SEMANTICS.md`),
 * held in no buffer; backends choose its width after `lower` has proved that it fits. `int4`, `uint4`, `int2` and `uint2` are
 * packed, lowest bits first.
 */
export const DTYPES = [
  "bool",
  "int2",
  "int4",
  "int8",
  "int16",
  "int32",
  "int64",
  "uint2",
  "uint4",
  "uint8",
  "uint16",
  "uint32",
  "uint64",
  "float16",
  "bfloat16",
  "float32",
  "float64",
  "index",
] as const;

export type DType = (typeof DTYPES)[number];

const BITS: Readonly<Record<DType, number>> = {
  bool: 8,
  int2: 2,
  int4: 4,
  int8: 8,
  int16: 16,
  int32: 32,
  int64: 64,
  uint2: 2,
  uint4: 4,
  uint8: 8,
  uint16: 16,
  uint32: 32,
  uint64: 64,
  float16: 16,
  bfloat16: 16,
  float32: 32,
  float64: 64,
  index: 64,
};

/** Width in memory, in bits; a `bool` takes one byte, holding 0 or 1. */
export function bitsOf(dtype: DType): number {
  return BITS[dtype];
}

/** Bytes that `count` elements take in memory; packed types are rounded up to a whole byte. */
export function bytesOf(dtype: DType, count = 1): number {
  return Math.ceil((BITS[dtype] * count) / 8);
}

export function isFloat(dtype: DType): boolean {
  return dtype === "float32" || dtype === "float64" || dtype === "float16" || dtype === "bfloat16";
}

/** Data integers: they wrap. `index` is not among them. */
export function isInteger(dtype: DType): boolean {
  return dtype.startsWith("int") || dtype.startsWith("uint");
}

export function isSigned(dtype: DType): boolean {
  return dtype.startsWith("int") || dtype === "index";
}

/** Types whose constants are bigint: a double cannot hold them all. */
export function isWide(dtype: DType): boolean {
  return dtype === "int64" || dtype === "uint64";
}
