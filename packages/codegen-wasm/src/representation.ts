/**
 * How values of the IR live in WebAssembly.
 *
 * A scalar: integers up to 32 bits, `index` and bool (0 or 1) as `i32`, sign- or zero-extended from their width; 64-bit ones as `i64`;
 * float16 and bfloat16 as the `f32` of equal value; in memory they take their own width.
 * A vector: lanes from the low end of a `v128`, at the element's width (half floats as their bits, `index` in 32 bits); what lies above
 * the last lane is arbitrary. A bool vector is a mask of all ones or zeros over 128 / lanes bits a lane, so it fills the register.
 */
import { bitsOf, type DType, isFloat, isSigned } from "@tilewright/ir";
import type { ScalarType, Shape, ValueType } from "./opcodes.js";

export interface Typed {
  readonly dtype: DType;
  readonly lanes: number;
}

export function scalarType(dtype: DType): ScalarType {
  if (dtype === "float64") return "f64";
  if (isFloat(dtype)) return "f32";
  return dtype === "int64" || dtype === "uint64" ? "i64" : "i32";
}

export function valueType({ dtype, lanes }: Typed): ValueType {
  return lanes === 1 ? scalarType(dtype) : "v128";
}

/** Width of an element in memory and in a vector, in bytes. */
export function elementBytes(dtype: DType): number {
  return dtype === "index" ? 4 : bitsOf(dtype) / 8;
}

export function isHalf(dtype: DType): dtype is "float16" | "bfloat16" {
  return dtype === "float16" || dtype === "bfloat16";
}

/** Integers that are narrower than the `i32` that holds them, so that arithmetic must wrap them. */
export function isNarrow(dtype: DType): boolean {
  return dtype === "int8" || dtype === "int16" || dtype === "uint8" || dtype === "uint16";
}

export function signSuffix(dtype: DType): "S" | "U" {
  return isSigned(dtype) ? "S" : "U";
}

const INTEGER_SHAPES: Readonly<Record<number, Shape>> = { 1: "i8x16", 2: "i16x8", 4: "i32x4", 8: "i64x2" };

/** Lane width of a vector in its register, in bytes. */
export function laneBytes({ dtype, lanes }: Typed): number {
  return dtype === "bool" ? 16 / lanes : elementBytes(dtype);
}

export function shapeOf(type: Typed): Shape {
  if (type.dtype === "float32") return "f32x4";
  if (type.dtype === "float64") return "f64x2";
  return INTEGER_SHAPES[laneBytes(type)] ?? "i8x16";
}
