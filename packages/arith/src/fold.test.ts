import {
  ARITHMETIC_OPS,
  type BinaryOp,
  build as b,
  COMPARE_OPS,
  constant,
  DTYPES,
  type DType,
  isFloat,
  UNARY_OPS,
} from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, valuesOf } from "../test/arbitraries.js";
import { foldBinary, foldCast, foldUnary } from "./fold.js";

const TYPES: readonly DType[] = DTYPES.filter((dtype) => !/[24]$/.test(dtype) || dtype.length > 5);
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};
const plain = (value: unknown, dtype: DType): unknown => (value === 0 && !isFloat(dtype) ? 0 : value);

describe("constant folding gives what the interpreter gives", () => {
  it.each([...ARITHMETIC_OPS, ...COMPARE_OPS])("%s", (op: BinaryOp) => {
    const pair = fc
      .constantFrom(...TYPES)
      .chain((dtype) => fc.tuple(fc.constant(dtype), valuesOf(dtype), valuesOf(dtype)));
    fc.assert(
      fc.property(pair, ([dtype, x, y]) => {
        const folded = foldBinary(op, x, y, dtype);
        if (folded === undefined) return;
        const expected = attempt(() => evaluate(b.binary(op, constant(x, dtype), constant(y, dtype)), new Map()));
        if (expected !== undefined) expect(plain(folded, dtype), `${x} ${op} ${y} in ${dtype}`).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it.each(UNARY_OPS)("%s", (op) => {
    const one = fc.constantFrom(...TYPES).chain((dtype) => fc.tuple(fc.constant(dtype), valuesOf(dtype)));
    fc.assert(
      fc.property(one, ([dtype, x]) => {
        const folded = foldUnary(op, x, dtype);
        const expected =
          folded === undefined ? undefined : attempt(() => evaluate(b.unary(op, constant(x, dtype)), new Map()));
        if (expected !== undefined) expect(plain(folded, dtype), `${op} ${x} in ${dtype}`).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it("conversions", () => {
    const pair = fc
      .tuple(fc.constantFrom(...TYPES), fc.constantFrom(...TYPES))
      .chain(([from, to]) => fc.tuple(fc.constant(from), fc.constant(to), valuesOf(from)));
    fc.assert(
      fc.property(pair, ([from, to, x]) => {
        const folded = foldCast(x, from, to);
        const expected =
          folded === undefined ? undefined : attempt(() => evaluate(b.cast(constant(x, from), to), new Map()));
        if (expected !== undefined) expect(plain(folded, to), `${x} from ${from} to ${to}`).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });
});
