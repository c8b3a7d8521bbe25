/** float16 and bfloat16 as bits, for engines without `Float16Array`. */

const scratch = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(4));

/** Mantissa bits after the point, exponent bits of a half float. */
const FORMS = { float16: { mantissa: 10, exponent: 5 }, bfloat16: { mantissa: 7, exponent: 8 } } as const;

export type HalfType = keyof typeof FORMS;

/** The number that `bits` stand for. */
export function fromHalfBits(bits: number, type: HalfType): number {
  if (type === "bfloat16") {
    scratch.setUint32(0, bits << 16);
    return scratch.getFloat32(0);
  }
  const { mantissa } = FORMS[type];
  const exponent = (bits >> mantissa) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Bits of the nearest half float, ties to even. */
export function toHalfBits(value: number, type: HalfType): number {
  const { mantissa, exponent } = FORMS[type];
  const bias = 2 ** (exponent - 1) - 1;
  const infinity = (2 ** exponent - 1) << mantissa;
  if (Number.isNaN(value)) return infinity | (1 << (mantissa - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const power = Math.max(1 - bias, magnitude === 0 ? 1 - bias : Math.floor(Math.log2(magnitude)));
  const exact = magnitude * 2 ** (mantissa - power);
  const down = Math.floor(exact);
  const rest = exact - down;
  const units = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  return sign | Math.min(((power + bias - 1) << mantissa) + units, infinity);
}
