/** Rounds to the nearest value with `fractionBits` and the exponents of `minExponent ..`, ties to even; overflow gives infinity. */
function roundTo(value: number, fractionBits: number, minExponent: number, largest: number): number {
  if (!Number.isFinite(value) || value === 0) return value;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(value))), minExponent);
  const step = 2 ** (exponent - fractionBits);
  const scaled = Math.abs(value) / step;
  const low = Math.floor(scaled);
  const rest = scaled - low;
  const rounded = rest > 0.5 || (rest === 0.5 && low % 2 === 1) ? low + 1 : low;
  const magnitude = rounded * step;
  return Math.sign(value) * (magnitude > largest ? Number.POSITIVE_INFINITY : magnitude);
}

/** The value that a half-width type holds for `value`. */
export function roundHalf(value: number, dtype: "float16" | "bfloat16"): number {
  return dtype === "float16" ? roundTo(value, 10, -14, 65504) : roundTo(value, 7, -126, 3.3895313892515355e38);
}
