import { bfloat16Bits, float16Bits, roundToFloat16, type TypedArray } from "@tilewright/interp";
import { bitsOf, type DType, isFloat, isSigned, isWide } from "@tilewright/ir";
import { zeros } from "./memory.js";

const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3.25,
  -7.75,
  100.125,
  1e-3,
  65519,
  1e-40,
  1e30,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  // Rounded twice, by way of float32, these would become 1 as float16 and as bfloat16.
  1 + 2 ** -11 + 2 ** -40,
  1 + 2 ** -8 + 2 ** -40,
];
/** Arguments of math functions: no fringes, whose error a backend states. */
const MATH = [-8, -5.5, -3, -2, -1.25, -0.75, -0.1, 0, 0.001, 0.1, 0.5, 0.9, 1, 1.5, 2, 3.75, 6, 8.5];
const POSITIVE = MATH.map((value) => Math.abs(value) + 0.0625);

/** Values at the fringes of a type, and some between. */
export function samplesOf(dtype: DType): readonly (number | bigint | boolean)[] {
  if (dtype === "bool") return [false, true];
  if (isFloat(dtype)) return FLOATS;
  const bits = BigInt(bitsOf(dtype));
  const [least, greatest] = isSigned(dtype)
    ? [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n]
    : [0n, (1n << bits) - 1n];
  const some = [
    least,
    least + 1n,
    -7n,
    -2n,
    -1n,
    0n,
    1n,
    2n,
    3n,
    7n,
    8n,
    31n,
    33n,
    100n,
    greatest / 2n,
    greatest - 1n,
    greatest,
  ];
  const inside = [...new Set(some.filter((value) => value >= least && value <= greatest))];
  return isWide(dtype) ? inside : inside.map(Number);
}

/** Arguments of a math function. */
export const mathSamples = (positive: boolean): readonly number[] => (positive ? POSITIVE : MATH);

/** An array of these values. */
export function arrayOfValues(dtype: DType, values: readonly (number | bigint | boolean)[]): TypedArray {
  const array = zeros(dtype, values.length);
  values.forEach((value, k) => {
    if (dtype === "float16") array[k] = float16Bits(roundToFloat16(Math.fround(Number(value))));
    else if (dtype === "bfloat16") array[k] = bfloat16Bits(Math.fround(Number(value)));
    else if (array instanceof BigInt64Array || array instanceof BigUint64Array) array[k] = BigInt(value);
    else array[k] = Number(value);
  });
  return array;
}
