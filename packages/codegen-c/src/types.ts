import { invariant } from "@tilewright/diagnostics";
import { bitsOf, type DType, isFloat } from "@tilewright/ir";

/** How a type appears in C. */
export interface CType {
  /** Suffix of names that belong to the type: `f32`, `i8`, `bf16`. */
  readonly short: string;
  /** Of a value in a variable. float16 and bfloat16 are held as `float`, bool as `int32_t`. */
  readonly value: string;
  /** Of an element in memory. */
  readonly memory: string;
  readonly bits: number;
  readonly bytes: number;
}

const entry = (short: string, value: string, memory: string, bits: number): CType => ({
  short,
  value,
  memory,
  bits,
  bytes: bits / 8,
});
const plain = (short: string, name: string, bits: number): CType => entry(short, name, name, bits);

const TYPES: Readonly<Partial<Record<DType, CType>>> = {
  bool: entry("b8", "int32_t", "uint8_t", 8),
  int8: plain("i8", "int8_t", 8),
  int16: plain("i16", "int16_t", 16),
  int32: plain("i32", "int32_t", 32),
  int64: plain("i64", "int64_t", 64),
  uint8: plain("u8", "uint8_t", 8),
  uint16: plain("u16", "uint16_t", 16),
  uint32: plain("u32", "uint32_t", 32),
  uint64: plain("u64", "uint64_t", 64),
  float16: entry("f16", "float", "uint16_t", 16),
  bfloat16: entry("bf16", "float", "uint16_t", 16),
  float32: plain("f32", "float", 32),
  float64: plain("f64", "double", 64),
  index: plain("i32", "int32_t", 32),
};

/** Of every type that the capabilities declare. */
export function typeOf(dtype: DType): CType {
  const type = TYPES[dtype];
  invariant(type !== undefined, `the capabilities declare no \`${dtype}\``);
  return type;
}

/** True for the two types that are stored in 16 bits and computed in float. */
export function isHalf(dtype: DType): boolean {
  return dtype === "float16" || dtype === "bfloat16";
}

/** `u32` for `i32`. */
export function unsignedShort(short: string): string {
  return short.replace(/^[if]/, "u");
}

/** The element type of a vector of `dtype` as values, as `f32`; vectors of bool are masks `i<bits>`, of half types floats. */
export function vectorShort(dtype: DType, maskBits: number): string {
  if (dtype === "bool") return `i${maskBits}`;
  return isHalf(dtype) ? "f32" : typeOf(dtype).short;
}

/** Width of one lane of a vector value, in bits. */
export function laneBits(dtype: DType): number {
  if (isHalf(dtype) || dtype === "index") return 32;
  return dtype === "bool" ? 8 : bitsOf(dtype);
}

/** True for types that C arithmetic treats as integers: data integers and `index`. */
export function isIntegral(dtype: DType): boolean {
  return !isFloat(dtype) && dtype !== "bool";
}
