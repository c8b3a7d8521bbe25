import { build, constant, type Expr, int, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { affineMap, boundsOf, canProve, modulusOf, outputExtents } from "./index.js";
import { addLinear, constantLinear } from "./linear.js";

const MOST = Number.MAX_SAFE_INTEGER;
/** Three times this is 2⁵³ + 1, which no double is. */
const THIRD = 3002399751580331;
const [x, y] = [variable("x"), variable("y")];
const plus = (a: Expr, b: number): Expr => build.add(a, int(b));
const times = (a: Expr, b: number): Expr => build.mul(a, int(b));
const modulo = (a: Expr, by: number): Expr => build.binary("floormod", a, int(by));

describe("integers beyond those that doubles hold are not relied on", () => {
  it("in remainders", () => {
    expect(boundsOf(modulo(int(-MOST), 3))).toEqual({ min: 2, max: 2 });
  });

  it("in sums that come back by way of them", () => {
    expect(addLinear(constantLinear(-MOST), constantLinear(THIRD), 3)).toBeUndefined();
    const large = (factor: number) => ({ terms: [{ atom: x, coefficient: factor }], constant: 0 });
    expect(addLinear(large(-MOST), large(THIRD), 3)).toBeUndefined();
  });

  it("in residues of products", () => {
    const product = build.mul(plus(times(x, 3 ** 20), 2), plus(times(y, 3 ** 20), 2));
    // Odd at x = y = 1, even at x = y = 0.
    expect(modulusOf(product).modulus % 2).toBe(1);
  });

  it("in residues of choices", () => {
    // −(2⁵³ − 1) is 1 modulo 4, the other is 2.
    expect(modulusOf(build.binary("max", int(-MOST), plus(times(x, 4), 2)))).toEqual({ modulus: 1, remainder: 0 });
  });

  it("in residues of facts", () => {
    const m = 2 ** 52 + 1;
    // x + 2⁵³ − 1 is x − 3 modulo 2⁵² + 1.
    const facts = [build.binary("eq", modulo(plus(x, MOST), m), int(m - 4))];
    const is = (residue: number): Expr => build.binary("eq", modulo(x, m), int(residue));
    expect([canProve(is(m - 1), { facts }), canProve(is(0), { facts })]).toEqual([true, false]);
  });

  it("in constants of 64 bits", () => {
    expect(boundsOf(constant(2n ** 53n + 1n, "int64"))).toEqual({ min: MOST, max: Number.POSITIVE_INFINITY });
    const least = build.binary("min", variable("w", "int64"), constant(2n ** 53n + 1n, "int64"));
    expect(canProve(build.binary("le", least, constant(2n ** 53n, "int64")))).toBe(false);
  });

  it("in the extents of maps", () => {
    const map = affineMap([{ variable: x, extent: 4 }], [plus(times(x, THIRD), -MOST)]);
    expect(map === undefined || (outputExtents(map)[0] ?? 0) >= 3).toBe(true);
  });
});
