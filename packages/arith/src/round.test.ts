import { roundToBfloat16, roundToFloat16 } from "@tilewright/interp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ceilDivide, floorDivide, floorModulo, gcd, lcm } from "./integers.js";
import { roundTo } from "./round.js";

describe("roundTo", () => {
  const any = fc.oneof(
    fc.double(),
    fc.float(),
    fc.double({ min: -1e-4, max: 1e-4 }),
    fc.double({ min: -7e4, max: 7e4 }),
  );
  it.each([
    ["float16", roundToFloat16],
    ["bfloat16", roundToBfloat16],
    ["float32", Math.fround],
  ] as const)("rounds to %s as the interpreter does", (dtype, reference) => {
    fc.assert(
      fc.property(any, (value) => Object.is(roundTo(value, dtype), reference(value))),
      { numRuns: 3000 },
    );
  });
});

describe("integers", () => {
  const operand = fc.oneof(fc.integer({ min: -50, max: 50 }), fc.maxSafeInteger());
  it("divide as the mathematical floor", () => {
    fc.assert(
      fc.property(operand, operand, (a, b) => {
        if (b === 0) return;
        const [x, y] = [BigInt(a), BigInt(b)];
        const quotient = x / y - (x % y !== 0n && x < 0n !== y < 0n ? 1n : 0n);
        expect(BigInt(floorDivide(a, b))).toBe(quotient);
        expect(BigInt(floorModulo(a, b))).toBe(x - quotient * y);
        expect(BigInt(ceilDivide(a, b))).toBe(x % y === 0n ? quotient : quotient + 1n);
      }),
    );
  });

  it("have common divisors and multiples", () => {
    expect([gcd(12, -18), gcd(0, 5), gcd(0, 0), lcm(4, 6), lcm(0, 3)]).toEqual([6, 5, 0, 12, 0]);
  });
});
