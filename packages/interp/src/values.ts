import { bitsOf, type DType, isFloat, isInteger, isSigned, isWide } from "@tilewright/ir";
import { roundToBfloat16, roundToFloat16 } from "./float.js";

/** One lane: `bigint` for int64 and uint64, `boolean` for bool, `number` for all other types. */
export type Scalar = number | bigint | boolean;
/** Lanes of a vector are an array; a scalar stands for itself. */
export type Value = Scalar | readonly Scalar[];

/** How float32 is computed: rounded after every operation, or kept in double precision (for finite differences). */
export type Precision = "exact" | "float64";

/** Rounds a double to a float type. float16 and bfloat16 are computed in float32 and then rounded. */
export function rounding(dtype: DType, precision: Precision): (value: number) => number {
  if (dtype === "float32") return precision === "float64" ? (value) => value : Math.fround;
  if (dtype === "float16") return (value) => roundToFloat16(Math.fround(value));
  if (dtype === "bfloat16") return (value) => roundToBfloat16(Math.fround(value));
  return (value) => value;
}

/** Wraps an exact integer to an integer type of at most 32 bits. */
export function wrapping(dtype: DType): (value: number) => number {
  const shift = 32 - bitsOf(dtype);
  return isSigned(dtype) ? (value) => (value << shift) >> shift : (value) => (value << shift) >>> shift;
}

/** Wraps to a 64-bit integer type. */
export function wrappingWide(dtype: DType): (value: bigint) => bigint {
  return dtype === "int64" ? (value) => BigInt.asIntN(64, value) : (value) => BigInt.asUintN(64, value);
}

export type DTypeClass = "bool" | "index" | "float" | "wide" | "integer";

/** What an operator does with a type. `integer` is the data integers of at most 32 bits. */
export function classOf(dtype: DType): DTypeClass {
  if (dtype === "bool" || dtype === "index") return dtype;
  if (isFloat(dtype)) return "float";
  if (isWide(dtype)) return "wide";
  return isInteger(dtype) ? "integer" : "bool";
}

/** Zero of a type. */
export function zeroOf(dtype: DType): Scalar {
  return dtype === "bool" ? false : isWide(dtype) ? 0n : 0;
}
