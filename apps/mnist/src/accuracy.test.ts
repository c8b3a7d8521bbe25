import { describe, expect, it } from "vitest";
import { countRight, median, predictedDigits } from "./accuracy.js";

describe("predictedDigits", () => {
  it("takes the greatest score of each row, the first of equal ones", () => {
    const rows = [0, 1, 5, 2, 0, 0, 0, 0, 0, 0, /* next */ -3, -1, -2, -1, -9, -9, -9, -9, -9, -9];
    expect([...predictedDigits(rows)]).toEqual([2, 1]);
  });
});

describe("countRight", () => {
  it("counts places that agree", () => {
    expect(countRight(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 0, 3))).toBe(2);
  });
});

describe("median", () => {
  it.each([
    [[3], 3],
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});
