import type { Json } from "@tilewright/ir";
import type { Size } from "./sampled.js";
import type { LayoutDigit, LayoutDimension } from "./schedule.js";

/**
 * A digit of an index, `(index[dimension] // divisor) % modulus`: divisor 1 and no modulus unless told. In place of a dimension stands
 * the sum of other digits, for one that is taken of several dimensions together.
 */
export interface LayoutDigitOptions {
  readonly dimension: number | LayoutSumOptions;
  readonly divisor?: Size;
  readonly modulus?: Size | null;
  /** Elements from one value of the digit to the next; as many as the digits after it need unless told. */
  readonly factor?: Size | null;
}

/** The sum of several digits, the most significant first, and of an offset, 0 unless told. */
export interface LayoutSumOptions {
  readonly digits: readonly LayoutDigitOptions[];
  readonly offset?: number;
}

/** One dimension of the memory. */
export type LayoutDimensionOptions = LayoutDigitOptions | LayoutSumOptions;

/** Digits of digits of digits: deeper ones are nobody's intent. */
const DEEPEST = 8;

/** What a caller or a trace says, as a layout. `fail` is told what is no layout at all. */
export function readLayout(given: unknown, fail: (why: string) => never): readonly LayoutDimension[] {
  return Array.isArray(given) ? given.map((each) => readDimension(each, fail, 0)) : fail("no list of digits");
}

function readDimension(given: unknown, fail: (why: string) => never, depth: number): LayoutDimension {
  const { digits, offset } = fieldsOf(given, fail);
  if (digits === undefined) return { digits: [readDigit(given, fail, depth)], offset: 0 };
  if (!Array.isArray(digits)) return fail("no list of digits");
  return {
    digits: digits.map((each) => readDigit(each, fail, depth)),
    offset: wholeOr(0, offset, 0, "an offset", fail),
  };
}

function readDigit(given: unknown, fail: (why: string) => never, depth: number): LayoutDigit {
  const { dimension, divisor, modulus, factor } = fieldsOf(given, fail);
  if (depth > DEEPEST) fail(`sums inside each other, more than ${DEEPEST} deep`);
  return {
    dimension: typeof dimension === "number" ? dimension : readDimension(dimension, fail, depth + 1),
    divisor: wholeOr(1, divisor, 1, "a divisor", fail),
    modulus: wholeOr(1, modulus, null, "a modulus", fail),
    factor: wholeOr(1, factor, null, "a factor", fail),
  };
}

function fieldsOf(given: unknown, fail: (why: string) => never): { readonly [name: string]: unknown } {
  return typeof given === "object" && given !== null
    ? (given as { readonly [name: string]: unknown })
    : fail(given === undefined ? "a digit of no dimension" : `${String(given)} in place of a digit`);
}

function wholeOr<D>(least: number, given: unknown, missing: D, what: string, fail: (why: string) => never): number | D {
  if (given === undefined || given === null) return missing;
  return Number.isSafeInteger(given) && Number(given) >= least && Number(given) < 2 ** 31
    ? Number(given)
    : fail(`${what} of ${String(given)}`);
}

/** A layout for a trace: what `readLayout` reads, a dimension of one plain digit as that digit. */
export function layoutJson(layout: readonly LayoutDimension[]): readonly Json[] {
  return layout.map(({ digits, offset }): Json => {
    const [only, ...others] = digits.map(digitJson);
    const isDigit = only !== undefined && others.length === 0 && offset === 0;
    return isDigit ? only : { digits: digits.map(digitJson), offset };
  });
}

function digitJson({ dimension, divisor, modulus, factor }: LayoutDigit): { readonly [name: string]: Json } {
  const source =
    typeof dimension === "number" ? dimension : { digits: dimension.digits.map(digitJson), offset: dimension.offset };
  return { dimension: source, divisor, modulus, ...(factor === null ? {} : { factor }) };
}
