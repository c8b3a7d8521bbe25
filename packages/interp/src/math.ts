/** Math functions in double precision; what the interpreter rounds to the type of the operation. */

const MAX_TERMS = 400;

/**
 * The error function, absolute error below 1e-15. Below 2 the series e^(-x²)·Σ 2ⁿx^(2n+1)/(2n+1)!! whose terms are all positive
 * (Abramowitz and Stegun 7.1.6), above it 1 minus the continued fraction of erfc (7.1.14).
 */
export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const magnitude = Math.abs(x);
  const value = magnitude < 2 ? erfSeries(magnitude) : magnitude > 6 ? 1 : 1 - erfcFraction(magnitude);
  return x < 0 ? -value : value;
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < MAX_TERMS && term > sum * 1e-18; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfcFraction(x: number): number {
  let fraction = x;
  for (let n = 120; n >= 1; n--) fraction = x + n / 2 / fraction;
  return Math.exp(-x * x) / (Math.sqrt(Math.PI) * fraction);
}

/** 1 / (1 + e^-x). */
export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** C's pow: as JavaScript's, but 1 to any power and -1 to an infinite one are 1. */
export function pow(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}
