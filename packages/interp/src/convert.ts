import { CompileError, type Span } from "@tilewright/diagnostics";
import { bitsOf, type DType, isSigned } from "@tilewright/ir";
import { illTyped, indexOverflow } from "./errors.js";
import { bfloat16Bits, bfloat16OfBits, float16Bits, float16OfBits, roundToBfloat16, roundToFloat16 } from "./float.js";
import type { UnaryFunction } from "./operators.js";
import { classOf, type Precision, rounding, type Scalar, wrapping, wrappingWide } from "./values.js";

/** The least and the largest integer of a type. */
function rangeOf(dtype: DType): readonly [bigint, bigint] {
  const bits = BigInt(bitsOf(dtype));
  return isSigned(dtype) ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n] : [0n, (1n << bits) - 1n];
}

/** Truncates, saturates, NaN gives 0. */
function saturate(value: number, [least, greatest]: readonly [bigint, bigint]): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value <= Number(least)) return least;
  return value >= Number(greatest) ? greatest : BigInt(Math.trunc(value));
}

/** The float nearest to a 64-bit integer: bits beyond a double's are folded into a sticky one, so that it is rounded once. */
function wideToFloat(value: bigint, round: (value: number) => number): number {
  const magnitude = value < 0n ? -value : value;
  let kept = magnitude;
  if (magnitude >= 1n << 53n) {
    const shift = BigInt(magnitude.toString(2).length - 52);
    const top = magnitude >> shift;
    kept = (top << shift === magnitude ? top : top | 1n) << shift;
  }
  const exact = round === identity ? Number(magnitude) : Number(kept);
  return round(value < 0n ? -exact : exact);
}
const identity = (value: number): number => value;

/** Conversions round once, also to sixteen bits; operations round to float32 on the way. */
function roundingOnce(to: DType, precision: Precision): (value: number) => number {
  if (to === "float16") return roundToFloat16;
  if (to === "bfloat16") return roundToBfloat16;
  return to === "float64" || precision === "float64" ? identity : rounding(to, precision);
}

function toIndex(value: Scalar, span: Span): number {
  const number = typeof value === "number" && Number.isNaN(value) ? 0 : Math.trunc(Number(value)) + 0;
  if (!Number.isSafeInteger(number)) throw new CompileError(indexOverflow("cast", number, span));
  return number;
}

/** Conversion of value between two types, one lane. @throws CompileError IP302 for what an index cannot hold. */
export function castFunction(from: DType, to: DType, precision: Precision, span: Span): UnaryFunction {
  const source = classOf(from);
  switch (classOf(to)) {
    case "bool":
      return (value) => (typeof value === "bigint" ? value !== 0n : Number(value) !== 0);
    case "index":
      return (value) => toIndex(value, span);
    case "float": {
      const round = roundingOnce(to, precision);
      return source === "wide" ? (value) => wideToFloat(value as bigint, round) : (value) => round(Number(value));
    }
    case "integer": {
      const wrap = wrapping(to);
      const range = rangeOf(to);
      if (source === "float") return (value) => Number(saturate(value as number, range));
      return source === "wide"
        ? (value) => wrap(Number(BigInt.asIntN(32, value as bigint)))
        : (value) => wrap(Number(value));
    }
    case "wide": {
      const wrap = wrappingWide(to);
      const range = rangeOf(to);
      return source === "float" ? (value) => saturate(value as number, range) : (value) => wrap(BigInt(value));
    }
  }
}

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of a value, as an unsigned integer. */
function bitsOfValue(value: Scalar, dtype: DType): bigint {
  if (dtype === "float64") {
    scratch.setFloat64(0, value as number);
    return scratch.getBigUint64(0);
  }
  if (dtype === "float32") {
    scratch.setFloat32(0, value as number);
    return BigInt(scratch.getUint32(0));
  }
  if (dtype === "float16") return BigInt(float16Bits(value as number));
  if (dtype === "bfloat16") return BigInt(bfloat16Bits(value as number));
  return BigInt.asUintN(bitsOf(dtype), BigInt(value));
}

function valueOfBits(bits: bigint, dtype: DType): Scalar {
  if (dtype === "float64") {
    scratch.setBigUint64(0, bits);
    return scratch.getFloat64(0);
  }
  if (dtype === "float32") {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  }
  if (dtype === "float16") return float16OfBits(Number(bits));
  if (dtype === "bfloat16") return bfloat16OfBits(Number(bits));
  if (dtype === "bool") return bits !== 0n;
  return classOf(dtype) === "wide" ? wrappingWide(dtype)(bits) : wrapping(dtype)(Number(bits));
}

/** The same bits as another type of the same width, one lane. @throws CompileError IP202 when the widths differ. */
export function reinterpretFunction(from: DType, to: DType, span: Span): UnaryFunction {
  if (bitsOf(from) !== bitsOf(to) || from === "index" || to === "index") {
    throw new CompileError(
      illTyped(`cannot reinterpret ${from} as ${to}`, "two data types of one width", `${from} and ${to}`, span),
    );
  }
  return (value) => valueOfBits(bitsOfValue(value, from), to);
}
