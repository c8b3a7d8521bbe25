import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SIMD128 } from "../test/gemm.js";
import { expectSameMeaning, moduleOf, textOf } from "../test/same-meaning.js";

const lowered = (text: string): string => textOf(expectSameMeaning(moduleOf(text), { capabilities: SIMD128 }).module);

/** B[i, j] = value, for `rows` rows at a time, each a vector of `lanes` columns. */
function tiles(dtype: string, lanes: number, rows: number, value: string, [height, width] = [2, 3]): string {
  const [I, J] = [height * rows, width * lanes];
  return `
prim_func @f(A: ${dtype}[${J}, ${I + 1}] @global, B: ${dtype}[${I}, ${J}] @global) {
  for io in 0..${height} { for jo in 0..${width} {
    for i: unrolled in 0..${rows} { for j: vectorized in 0..${lanes} { B[io * ${rows} + i, jo * ${lanes} + j] = ${value} } }
  } }
}`;
}
const TRANSPOSED = (rows: number, lanes: number): string => `A[jo * ${lanes} + j, io * ${rows} + i]`;

describe("blocks of gathered vectors", () => {
  it.each([["float32", 4], ["int32", 4], ["float64", 2], ["int64", 2], ["int16", 8], ["uint8", 16]] as const)(
    "of %s are transposed in registers",
    (dtype, lanes) => {
      const text = lowered(tiles(dtype, lanes, lanes, TRANSPOSED(lanes, lanes)));
      expect(text.match(/let row(_\d+)? = A\[ramp/g)).toHaveLength(lanes);
      expect(text.match(/shuffle\(/g)).toHaveLength(lanes * Math.log2(lanes));
    },
  ); // biome-ignore format: a list

  it("are taken where they are whole", () => {
    expect(lowered(tiles("float32", 4, 3, TRANSPOSED(3, 4)))).not.toContain("row");
    const six = lowered(tiles("float32", 4, 6, TRANSPOSED(6, 4)));
    expect(six.match(/let row/g)).toHaveLength(4);
    expect(six.match(/shuffle\(A\[/g)).toHaveLength(2);
  });

  it("stay parts of larger expressions, and are read once for all that use them", () => {
    const element = TRANSPOSED(4, 4);
    const text = lowered(tiles("float32", 4, 4, `${element} * 2.0 + ${element}`));
    expect(text.match(/let row/g)).toHaveLength(4);
    expect(text).not.toContain("shuffle(A[");
  });

  it("are not read across what writes them", () => {
    lowered(`
prim_func @f(A: float32[8, 8] @global) {
  for io in 0..2 { for jo in 0..2 {
    for i: unrolled in 0..4 { for j: vectorized in 0..4 { A[io * 4 + i, jo * 4 + j] = A[jo * 4 + j, io * 4 + i] } }
  } }
}`);
  });

  it("are left to the arm that reads them", () => {
    const text = lowered(
      tiles("float32", 4, 4, "if_then_else(io * 4 + i < 6 && jo < 2, A[jo * 4 + j, io * 4 + i], 1.0)"),
    );
    expect(text).toContain("A[");
  });

  it("keep their meaning at any size, stride and number of rows", () => {
    const sizes = fc.record({
      type: fc.constantFrom<readonly [string, number]>(["float32", 4], ["float64", 2], ["int16", 8]),
      rows: fc.integer({ min: 1, max: 9 }),
      height: fc.integer({ min: 1, max: 3 }),
      width: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(sizes, ({ type: [dtype, lanes], rows, height, width }) => {
        lowered(tiles(dtype, lanes, rows, TRANSPOSED(rows, lanes), [height, width]));
      }),
      { numRuns: 40 },
    );
  });
});
