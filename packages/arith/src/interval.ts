import { floorDivide, floorModulo } from "./integers.js";

/** The integers `min ≤ x ≤ max`; infinite ends where nothing is known. `min > max` is the empty set. */
export interface Interval {
  readonly min: number;
  readonly max: number;
}

export const UNBOUNDED: Interval = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

export const point = (value: number): Interval => ({ min: value, max: value });
/** An integer that was converted to a double, with what the conversion may have lost. */
export const converted = (value: number): Interval => exact(value, value);
export const isPoint = (x: Interval): boolean => x.min === x.max;
export const isEmpty = (x: Interval): boolean => x.min > x.max;
export const within = (x: Interval, min: number, max: number): boolean => x.min >= min && x.max <= max;
export const intersect = (x: Interval, y: Interval): Interval => ({
  min: Math.max(x.min, y.min),
  max: Math.min(x.max, y.max),
});
export const hull = (x: Interval, y: Interval): Interval => ({
  min: Math.min(x.min, y.min),
  max: Math.max(x.max, y.max),
});

/** Beyond 2⁵³ doubles skip integers: such an end says nothing. */
const exact = (min: number, max: number): Interval => ({
  min: Number.isSafeInteger(min)
    ? min + 0
    : min > 0 && Number.isFinite(min)
      ? Number.MAX_SAFE_INTEGER
      : Number.NEGATIVE_INFINITY,
  max: Number.isSafeInteger(max)
    ? max + 0
    : max < 0 && Number.isFinite(max)
      ? Number.MIN_SAFE_INTEGER
      : Number.POSITIVE_INFINITY,
});

const product = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b);

export const addIntervals = (x: Interval, y: Interval): Interval => exact(x.min + y.min, x.max + y.max);
export const subtractIntervals = (x: Interval, y: Interval): Interval => exact(x.min - y.max, x.max - y.min);

export function multiplyIntervals(x: Interval, y: Interval): Interval {
  const corners = [product(x.min, y.min), product(x.min, y.max), product(x.max, y.min), product(x.max, y.max)];
  return exact(Math.min(...corners), Math.max(...corners));
}

export function scaleInterval(x: Interval, factor: number): Interval {
  const [a, b] = [product(x.min, factor), product(x.max, factor)];
  return exact(Math.min(a, b), Math.max(a, b));
}

const quotient = (a: number, b: number): number => {
  if (!Number.isFinite(a)) return b > 0 ? a : -a;
  if (!Number.isFinite(b)) return a === 0 || a > 0 === b > 0 ? 0 : -1;
  return floorDivide(a, b);
};

/** ⌊x / y⌋. Nothing is known when y may be 0. */
export function floorDivideIntervals(x: Interval, y: Interval): Interval {
  if (y.min <= 0 && y.max >= 0) return UNBOUNDED;
  const corners = [quotient(x.min, y.min), quotient(x.min, y.max), quotient(x.max, y.min), quotient(x.max, y.max)];
  return { min: Math.min(...corners), max: Math.max(...corners) };
}

/** x − ⌊x / y⌋ · y. Nothing is known when y may be 0. */
export function floorModuloIntervals(x: Interval, y: Interval): Interval {
  if (y.min <= 0 && y.max >= 0) return UNBOUNDED;
  if (y.min > 0) {
    if (x.min >= 0 && x.max < y.min) return x;
    const { min, max } = floorDivideIntervals(x, y);
    if (isPoint(y) && min === max && Number.isFinite(min))
      return { min: floorModulo(x.min, y.min), max: floorModulo(x.max, y.min) };
    return { min: 0, max: x.min >= 0 ? Math.min(x.max, y.max - 1) : y.max - 1 };
  }
  return { min: y.min + 1, max: 0 };
}

/** x / y towards zero. Nothing is known when y may be 0. */
export function truncateDivideIntervals(x: Interval, y: Interval): Interval {
  if (y.min <= 0 && y.max >= 0) return UNBOUNDED;
  if (x.min >= 0 && y.min > 0) return floorDivideIntervals(x, y);
  const most = Math.max(Math.abs(x.min), Math.abs(x.max));
  return { min: -most, max: most };
}

/** The remainder of the division towards zero, which has the sign of x. Nothing is known when y may be 0. */
export function truncateModuloIntervals(x: Interval, y: Interval): Interval {
  if (y.min <= 0 && y.max >= 0) return UNBOUNDED;
  const most = Math.max(Math.abs(y.min), Math.abs(y.max)) - 1;
  return { min: x.min >= 0 ? 0 : Math.max(-most, x.min), max: x.max <= 0 ? 0 : Math.min(most, x.max) };
}

export const minIntervals = (x: Interval, y: Interval): Interval => ({
  min: Math.min(x.min, y.min),
  max: Math.min(x.max, y.max),
});
export const maxIntervals = (x: Interval, y: Interval): Interval => ({
  min: Math.max(x.min, y.min),
  max: Math.max(x.max, y.max),
});
