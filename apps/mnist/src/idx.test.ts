import { describe, expect, it } from "vitest";
import { parseIdx } from "./idx.js";

const file = (...bytes: number[]) => Uint8Array.from(bytes);

describe("parseIdx", () => {
  it("reads the shape and the bytes behind the header", () => {
    const array = parseIdx(file(0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6), "f");
    expect(array.shape).toEqual([2, 3]);
    expect([...array.data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("reads a file that is a view into a larger buffer", () => {
    const whole = file(9, 9, 0, 0, 8, 1, 0, 0, 0, 1, 7);
    expect([...parseIdx(whole.subarray(2), "f").data]).toEqual([7]);
  });

  it.each([
    ["nothing", file()],
    ["another type of element", file(0, 0, 13, 1, 0, 0, 0, 0)],
    ["a header that ends early", file(0, 0, 8, 3, 0, 0, 0, 1)],
    ["text", new TextEncoder().encode("not an IDX file at all")],
  ])("refuses %s", (_, bytes) => {
    expect(() => parseIdx(bytes, "f")).toThrow("f is not an IDX file of bytes");
  });

  it("refuses data that its header does not describe", () => {
    expect(() => parseIdx(file(0, 0, 8, 1, 0, 0, 0, 5, 1, 2), "f")).toThrow("holds 2 bytes of data, its header says 5");
  });
});
