/** Sixteen-bit floats as doubles: rounding to nearest even, and their bits. */

const scratch = new DataView(new ArrayBuffer(8));

/** The bits of `value` as float32. */
export function float32Bits(value: number): number {
  scratch.setFloat32(0, value);
  return scratch.getUint32(0);
}

/** The float32 of these bits. */
export function float32OfBits(bits: number): number {
  scratch.setUint32(0, bits);
  return scratch.getFloat32(0);
}

/** The nearest value that is a multiple of 2^`exponent`, ties to even. `value / 2^exponent` must be below 2^52. */
function roundToMultiple(value: number, exponent: number): number {
  const scaled = value * 2 ** -exponent;
  return roundHalfEven(scaled) * 2 ** exponent;
}

/** The nearest integer, ties to even; keeps the sign of zero. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (!(rest > 0)) return value;
  const even = floor % 2 === 0 ? floor : floor + 1;
  const rounded = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : even;
  return rounded === 0 && value < 0 ? -0 : rounded;
}

/** The nearest value with `bits` of fraction and exponents from `least`, ties to even; beyond `greatest` an infinity. */
function roundToFormat(value: number, bits: number, least: number, greatest: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < Number.POSITIVE_INFINITY) || magnitude === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), least);
  const rounded = roundToMultiple(value, exponent - bits);
  return Math.abs(rounded) > greatest ? Math.sign(value) * Number.POSITIVE_INFINITY : rounded;
}

/** The float16 nearest to `value`, ties to even; overflow gives an infinity. */
export function roundToFloat16(value: number): number {
  return roundToFormat(value, 10, -14, 65504);
}

/** Bits of a float16; `value` must be one. NaN gives the canonical quiet one. */
export function float16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | 0x7c00;
  if (magnitude < 2 ** -14) return sign | (magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | ((magnitude * 2 ** -exponent - 1) * 1024);
}

/** The float16 of these bits. */
export function float16OfBits(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bfloat16 nearest to `value`, ties to even; overflow gives an infinity. */
export function roundToBfloat16(value: number): number {
  return roundToFormat(value, 7, -126, (2 - 2 ** -7) * 2 ** 127);
}

/** Bits of a bfloat16; `value` must be one. NaN gives the canonical quiet one. */
export function bfloat16Bits(value: number): number {
  return Number.isNaN(value) ? 0x7fc0 : float32Bits(value) >>> 16;
}

/** The bfloat16 of these bits. */
export function bfloat16OfBits(bits: number): number {
  return float32OfBits((bits << 16) >>> 0);
}
