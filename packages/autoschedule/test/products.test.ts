import { autoschedule } from "@tilewright/autoschedule";
import { compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evenBlocks } from "../src/limits.js";
import { avx, check, wide } from "./check-rule.js";

function product(rows: number, columns: number, depth: number, transRight = false) {
  const L = placeholder([rows, depth], { name: "L" });
  const R = placeholder(transRight ? [columns, depth] : [depth, columns], { name: "R" });
  const k = reduceAxis(depth, "k");
  const right = (j: Parameters<typeof read>[1]) => (transRight ? read(R, j, k) : read(R, k, j));
  const C = compute([rows, columns], (i, j) => sum(mul(read(L, i, k), right(j)), k), { name: "C" });
  return { L, R, C };
}

const packedOperands = (rows: number, transRight: boolean, isConstant: boolean): number => {
  const { C, R } = product(rows, 64, 64, transRight);
  const constants = new Set(isConstant ? [R] : []);
  const { trace } = autoschedule([C], { capabilities: wide, constants });
  return trace.records.filter(({ primitive }) => primitive === "cacheRead").length;
};

describe("a product of few rows", () => {
  it("reads its right operand where it lies, unless it is packed once and for all", () => {
    expect(packedOperands(4, false, false)).toBe(1);
    expect(packedOperands(4, false, true)).toBe(2);
    expect(packedOperands(4, true, false)).toBe(2);
    expect(packedOperands(13, false, false)).toBe(2);
  });

  it("is the sum of its products, whatever its shape", () => {
    const extent = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 14 }),
        extent,
        extent,
        fc.boolean(),
        fc.boolean(),
        (m, n, k, t, constant) => {
          const { L, R, C } = product(m, n, k, t);
          for (const capabilities of [wide, avx]) check([C], [L, R], capabilities, 0, new Set(constant ? [R] : []));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("blocks of panels", () => {
  it.each([
    [43, 48, 1, 43],
    [49, 16, 1, 10],
    [171, 48, 1, 43],
    [13, 4, 1, 3],
    [7, 7, 2, 2],
    [98, 98, 2, 7],
    [86, 40, 2, 11],
    [1, 48, 2, 1],
  ])("%i panels, %i at most, on %i threads: %i", (count, most, threads, size) => {
    expect(evenBlocks(count, most, threads)).toBe(size);
  });

  it("are no larger than they may be, and leave few panels idle", () => {
    const small = fc.integer({ min: 1, max: 64 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), small, (count, most) => {
        const size = evenBlocks(count, most, 1);
        expect(size).toBeLessThanOrEqual(most);
        expect(Math.ceil(count / size) * (size + 0.5)).toBeLessThanOrEqual(1.5 * count);
      }),
    );
  });
});
