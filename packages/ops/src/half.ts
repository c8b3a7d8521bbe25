/** float16 and bfloat16 as bits. */

interface Form {
  /** Bits after the point. */
  readonly mantissa: number;
  readonly exponent: number;
}

export const FLOAT16: Form = { mantissa: 10, exponent: 5 };
export const BFLOAT16: Form = { mantissa: 7, exponent: 8 };

const scratch = new DataView(new ArrayBuffer(8));

/** Bits of the nearest number of the form, ties to even; beyond the greatest an infinity. */
export function halfBits(value: number, { mantissa, exponent }: Form): number {
  scratch.setFloat64(0, value);
  const high = scratch.getUint32(0);
  const sign = (high >>> 31) * 0x8000;
  const infinity = ((1 << exponent) - 1) << mantissa;
  if (Number.isNaN(value)) return infinity | (1 << (mantissa - 1));
  const least = 2 - (1 << (exponent - 1));
  const own = Math.max(((high >>> 20) & 0x7ff) - 1023, least);
  const units = roundHalfEven(Math.abs(value) * 2 ** (mantissa - own));
  return sign | Math.min((own - least) * (1 << mantissa) + units, infinity);
}

/** The number that bits stand for. */
export function numberOfHalfBits(bits: number, { mantissa, exponent }: Form): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const field = (bits >> mantissa) & ((1 << exponent) - 1);
  const fraction = bits & ((1 << mantissa) - 1);
  if (field === (1 << exponent) - 1) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const units = field === 0 ? fraction : fraction + (1 << mantissa);
  return sign * units * 2 ** (Math.max(field, 1) + 1 - (1 << (exponent - 1)) - mantissa);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
