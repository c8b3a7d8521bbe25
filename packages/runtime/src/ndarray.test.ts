import { ELEMENT_BYTES, type ElementType } from "@tilewright/artifact";
import {
  bfloat16Bits,
  bfloat16OfBits,
  float16Bits,
  float16OfBits,
  roundToBfloat16,
  roundToFloat16,
} from "@tilewright/interp";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromHalfBits, toHalfBits } from "./half.js";
import { NDArray, ndarray, zeros } from "./index.js";

const TYPES = Object.keys(ELEMENT_BYTES) as ElementType[];

describe("ndarray", () => {
  it.each(TYPES)("holds small numbers as %s", (dtype) => {
    const values =
      dtype === "bool"
        ? [
            [0, 1],
            [1, 1],
          ]
        : [
            [0, 1],
            [2, 3],
          ];
    const array = ndarray(values, { dtype });
    const wide = dtype === "int64" || dtype === "uint64";
    expect(array.toArray()).toEqual(wide ? values.map((row) => row.map(BigInt)) : values);
    expect(array.byteLength).toBe(4 * ELEMENT_BYTES[dtype]);
    expect(array.bytes.byteLength).toBe(array.byteLength);
  });

  it("takes a typed array without a copy, and its type", () => {
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    const array = ndarray(data, { shape: [2, 3] });
    expect(array.dtype).toBe("float64");
    data[5] = 60;
    expect(array.item(1, 2)).toBe(60);
    array.set(7, 0, 0);
    expect(data[0]).toBe(7);
  });

  it("shares memory with slices and reshaped arrays", () => {
    const array = ndarray(
      Int32Array.from({ length: 12 }, (_, k) => k),
      { shape: [4, 3] },
    );
    const rows = array.slice(1, 3);
    expect(rows.toArray()).toEqual([
      [3, 4, 5],
      [6, 7, 8],
    ]);
    rows.set(50, 1, 1);
    expect(array.reshape([2, -1]).toArray()).toEqual([
      [0, 1, 2, 3, 4, 5],
      [6, 50, 8, 9, 10, 11],
    ]);
    expect(array.strides).toEqual([3, 1]);
  });

  it("reads views into a larger memory", () => {
    const memory = new ArrayBuffer(64);
    const array = ndarray(new Float32Array(memory, 16, 4), { shape: [2, 2] });
    array.set(5, 1, 0);
    expect(new Float32Array(memory)[6]).toBe(5);
  });

  it("converts where the type asked for is another", () => {
    expect(ndarray(Float32Array.of(1.5, -2), { dtype: "int8" }).toArray()).toEqual([1, -2]);
    expect(ndarray([true, false]).dtype).toBe("bool");
    expect(ndarray([1n]).dtype).toBe("int64");
    expect(ndarray([1.0009765625, 65536], { dtype: "float16" }).toArray()).toEqual([
      1.0009765625,
      Number.POSITIVE_INFINITY,
    ]);
    expect(ndarray([1.00390625], { dtype: "bfloat16" }).toArray()).toEqual([1]);
  });

  it("has rank 0 and extents of 0", () => {
    expect(ndarray(3).toArray()).toBe(3);
    expect(ndarray(3).shape).toEqual([]);
    expect(zeros([2, 0]).toArray()).toEqual([]);
    expect(ndarray([]).shape).toEqual([0]);
  });

  it.each([
    ["RT112", () => ndarray([[1, 2], [3]])],
    ["RT112", () => ndarray(Float32Array.of(1), { shape: [2] })],
    ["RT112", () => zeros([-1])],
    ["RT112", () => zeros([1.5])],
    ["RT101", () => zeros([2, 3]).reshape([4])],
    ["RT113", () => zeros([2]).item(2)],
    ["RT113", () => zeros([2]).item(0, 0)],
    ["RT113", () => zeros([2]).slice(1, 3)],
    ["RT113", () => zeros([]).slice(0, 0)],
  ])("%s", (code, make) => {
    expect(make).toThrow(expect.objectContaining({ code }));
  });

  it("is disposed once and for all, with what shares its memory", () => {
    const array = zeros([2, 2]);
    const part = array.slice(0, 1);
    array.dispose();
    array.dispose();
    expect(() => part.data).toThrow(expect.objectContaining({ code: "RT104" }));
    expect(array).toBeInstanceOf(NDArray);
  });
});

describe("half floats", () => {
  it("convert as the interpreter converts", () => {
    const number = fc.oneof(
      fc.double(),
      fc.float(),
      fc.integer({ min: -70000, max: 70000 }),
      fc.double({ min: -1e-4, max: 1e-4 }),
    );
    fc.assert(
      fc.property(number, (value) => {
        expect(toHalfBits(value, "bfloat16")).toBe(bfloat16Bits(roundToBfloat16(value)));
        expect(toHalfBits(value, "float16")).toBe(float16Bits(roundToFloat16(value)));
      }),
      { numRuns: 2000 },
    );
  });

  it("come back from all bits", () => {
    for (let bits = 0; bits < 65536; bits++) {
      expect(fromHalfBits(bits, "float16")).toBe(float16OfBits(bits));
      expect(fromHalfBits(bits, "bfloat16")).toBe(bfloat16OfBits(bits));
    }
  });
});
