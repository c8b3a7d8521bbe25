import { beforeAll, describe, expect, it } from "vitest";
import { batchesOf, CLASSES, type DataSet, loadDigits, PIXELS, slice, toDataSet } from "./data-set.js";

describe("the digits of MNIST", () => {
  let digits: DataSet;
  beforeAll(async () => {
    digits = await loadDigits();
  });

  it("are 60,000, and begin as everybody's do", () => {
    expect(digits.count).toBe(60_000);
    expect([...digits.digits.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  });

  it("have the known mean and deviation", () => {
    let sum = 0;
    let squares = 0;
    for (const pixel of digits.pixels) {
      sum += pixel;
      squares += pixel * pixel;
    }
    const mean = sum / digits.pixels.length;
    expect((mean * 256) / 255).toBeCloseTo(0.1307, 4);
    expect((Math.sqrt(squares / digits.pixels.length - mean * mean) * 256) / 255).toBeCloseTo(0.3081, 4);
  });
});

describe("a data set", () => {
  const images = Uint8Array.from({ length: 5 * PIXELS }, (_, k) => Math.floor(k / PIXELS) * 16);
  const set = toDataSet(images, Uint8Array.of(3, 1, 4, 1, 5));

  it("has one 1 in each row of labels, at the digit", () => {
    expect([...set.labels.subarray(0, CLASSES)]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(set.labels.reduce((sum, each) => sum + each)).toBe(5);
  });

  it("divides pixels by 256", () => {
    expect(set.pixels[2 * PIXELS]).toBe(32 / 256);
  });

  it("slices images with their labels", () => {
    const part = slice(set, 2, 4);
    expect([part.count, ...part.digits, part.pixels[0], part.labels[4]]).toEqual([2, 4, 1, 32 / 256, 1]);
  });

  it("gives whole batches in order and leaves the rest", () => {
    expect([...batchesOf(set, 2)].map((batch) => [...batch.digits])).toEqual([
      [3, 1],
      [4, 1],
    ]);
  });

  it("refuses images and digits of different number", () => {
    expect(() => toDataSet(images, Uint8Array.of(1))).toThrow("3920 pixels are not 1 images");
  });
});
