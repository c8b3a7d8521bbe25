/** ⌊a / b⌋ of integers; b ≠ 0. */
export function floorDivide(a: number, b: number): number {
  const quotient = Math.trunc(a / b);
  const remainder = a - quotient * b;
  if (Number.isSafeInteger(a) && Number.isSafeInteger(b)) {
    const exact = a % b;
    const whole = (a - exact) / b;
    return (exact !== 0 && exact < 0 !== b < 0 ? whole - 1 : whole) + 0;
  }
  return remainder !== 0 && remainder < 0 !== b < 0 ? quotient - 1 : quotient;
}

/** a − ⌊a / b⌋ · b, which has the sign of b; b ≠ 0. */
export function floorModulo(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder + 0;
}

/** ⌈a / b⌉ of integers; b ≠ 0. */
export function ceilDivide(a: number, b: number): number {
  return -floorDivide(-a, b) + 0;
}

/** Greatest common divisor, ≥ 0; gcd(0, a) is |a|. Of a number beyond the safe integers, which may be a rounded one, 1 alone is sure. */
export function gcd(a: number, b: number): number {
  if (!Number.isSafeInteger(a) || !Number.isSafeInteger(b)) return 1;
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y !== 0) {
    const rest = x % y;
    x = y;
    y = rest;
  }
  return x;
}

/** Least common multiple, ≥ 0. */
export function lcm(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : Math.abs(a / gcd(a, b)) * Math.abs(b);
}
