import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shareOf } from "./share.js";

const [i, j, k] = [variable("i", "index"), variable("j", "index"), variable("k", "index")];
const sum = (a: number, c: number, e: number): Expr =>
  b.add(b.add(b.mul(i, int(a)), b.mul(j, int(c))), b.mul(k, int(e)));

describe("the share of iterations in which conditions hold", () => {
  it("is what counting gives, for comparisons of sums", () => {
    const small = fc.integer({ min: -5, max: 9 });
    const extent = fc.integer({ min: 1, max: 6 });
    const comparison = fc.record({
      op: fc.constantFrom("lt", "le", "gt", "ge", "eq", "ne"),
      factors: fc.tuple(small, small, small),
      limit: fc.integer({ min: -20, max: 40 }),
    });
    const holds = { lt: (d: number) => d < 0, le: (d: number) => d <= 0, gt: (d: number) => d > 0, ge: (d: number) => d >= 0, eq: (d: number) => d === 0, ne: (d: number) => d !== 0 }; // biome-ignore format: one glance
    fc.assert(
      fc.property(
        fc.array(comparison, { maxLength: 3 }),
        fc.tuple(extent, extent, extent),
        (comparisons, [x, y, z]) => {
          let found = 0;
          for (let a = 0; a < x; a++)
            for (let c = 0; c < y; c++)
              for (let e = 0; e < z; e++)
                if (comparisons.every(({ op, factors: [f, g, h], limit }) => holds[op](f * a + g * c + h * e - limit)))
                  found++;
          const conditions = comparisons.map(({ op, factors, limit }) => b.binary(op, sum(...factors), int(limit)));
          const extents = new Map<Var, number>([
            [i, x],
            [j, y],
            [k, z],
          ]);
          const { share, exact } = shareOf(conditions, extents);
          expect(exact).toBe(true);
          expect(share).toBeCloseTo(found / (x * y * z), 10);
        },
      ),
    );
  });

  it("is exact for one comparison over millions of iterations", () => {
    const condition = b.binary("lt", b.add(b.mul(i, int(1000)), j), int(999_999));
    const share = shareOf(
      [condition],
      new Map([
        [i, 1000],
        [j, 1000],
      ]),
    );
    expect(share.exact).toBe(true);
    expect(share.share).toBeCloseTo(0.999999, 12);
  });

  it("is a bound, and said to be one, where too much would have to be tried", () => {
    const conditions = [b.binary("lt", b.add(i, j), int(10)), b.binary("lt", b.sub(i, j), int(5))];
    const { share, exact } = shareOf(
      conditions,
      new Map([
        [i, 1000],
        [j, 1000],
      ]),
    );
    expect(exact).toBe(false);
    expect(share).toBeCloseTo(55 / 1e6, 10);
  });

  it("is 1 for what depends on data, and 0 without iterations", () => {
    const flag = variable("flag", "bool");
    expect(shareOf([flag], new Map([[i, 4]]))).toEqual({ share: 1, exact: false });
    expect(shareOf([b.binary("lt", i, int(3))], new Map([[i, 0]]))).toEqual({ share: 0, exact: true });
  });

  it("divisions and remainders are tried", () => {
    const condition = b.binary("eq", b.binary("floormod", i, int(4)), int(1));
    expect(shareOf([condition], new Map([[i, 16]]))).toEqual({ share: 0.25, exact: true });
  });
});
