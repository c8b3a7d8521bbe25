import { describe, expect, it } from "vitest";
import { drawDigit, sideBySide } from "./drawn-digit.js";

describe("drawDigit", () => {
  it("draws ink dark and paper blank, two rows of pixels in a line", () => {
    const pixels = new Float32Array(784);
    for (let row = 4; row < 24; row++) pixels.fill(0.99, row * 28 + 13, row * 28 + 15);
    const lines = drawDigit(pixels).split("\n");
    expect(lines).toHaveLength(14);
    expect(lines.slice(2, 12)).toEqual(Array(10).fill(`${" ".repeat(13)}@@`));
    expect(lines.filter((line) => line === "")).toHaveLength(4);
  });
});

describe("sideBySide", () => {
  it("pads shorter blocks and ends lines without blanks", () => {
    expect(sideBySide(["a\nbb", "c", "d\ne\nf"], 3)).toBe("a  c  d\nbb    e\n      f");
  });
});
