import { build as b, type Expr, int, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment, condition, evaluate, indexExpr, indexVariables, show } from "../test/arbitraries.js";
import { Simplifier, simplify } from "./simplify.js";

const floordiv = (x: Expr, d: number): Expr => b.binary("floordiv", x, int(d));
const floormod = (x: Expr, d: number): Expr => b.binary("floormod", x, int(d));
const equals = (x: Expr, value: number): Expr => b.binary("eq", x, int(value));
const [n, i] = [variable("n"), variable("i")];

describe("a fact about a remainder", () => {
  it.each<[string, Expr, string]>([
    ["remainders by divisors", floormod(n, 2), "1"],
    ["remainders of sums", floormod(b.add(b.mul(i, int(8)), n), 4), "3"],
    ["divisions of sums", floordiv(b.add(n, int(1)), 4), "((n floordiv 4) add 1)"],
    ["divisions that are multiplied again", b.add(b.mul(floordiv(n, 4), int(8)), i), "(((n mul 2) add i) sub 6)"],
    ["nothing by what the fact does not divide", floormod(n, 8), "(n floormod 8)"],
  ])("settles %s", (_, expr, expected) => {
    const facts = [equals(floormod(n, 4), 3)];
    expect(show(simplify(expr, { facts }))).toBe(expected);
  });

  it("is forgotten where its scope ends, and inner facts refine outer ones", () => {
    const simplifier = new Simplifier({ facts: [equals(floormod(n, 2), 0)] });
    const inner = simplifier.within({ facts: [equals(floormod(n, 4), 2)] }, () =>
      show(simplifier.simplify(floormod(n, 4))),
    );
    expect([inner, show(simplifier.simplify(floormod(n, 4))), show(simplifier.simplify(floormod(n, 2)))]).toEqual([
      "2",
      "(n floormod 4)",
      "0",
    ]);
  });

  it("keeps the value, and results stay as they are", () => {
    const cases = indexVariables(3).chain(({ variables, ranges }) =>
      fc.record({
        ranges: fc.constant(ranges),
        facts: fc.array(
          fc
            .tuple(
              fc.constantFrom(...variables),
              fc.integer({ min: -3, max: 3 }),
              fc.constantFrom(2, 3, 4, 8),
              fc.nat(3),
              fc.constantFrom(1, -1),
            )
            .map(([each, shift, d, r, sign]) => equals(floormod(b.add(b.mul(each, int(sign)), int(shift)), d), r % d)),
          { minLength: 1, maxLength: 2 },
        ),
        expr: fc.oneof(indexExpr(variables, 3), condition(variables, 1)),
        samples: fc.array(fc.array(fc.nat(200), { minLength: 3, maxLength: 3 }), { minLength: 16, maxLength: 16 }),
      }),
    );
    let compared = 0;
    fc.assert(
      fc.property(cases, ({ ranges, facts, expr, samples }) => {
        const found = simplify(expr, { ranges, facts });
        expect(simplify(found, { ranges, facts })).toBe(found);
        for (const sample of samples) {
          const point = assignment(ranges, sample);
          if (!facts.every((fact) => evaluate(fact, point) === true)) continue;
          compared++;
          expect(evaluate(found, point), `${facts.map(show)}: ${show(expr)} → ${show(found)}`).toBe(
            evaluate(expr, point),
          );
        }
      }),
      { numRuns: 1500 },
    );
    expect(compared).toBeGreaterThan(2000);
  });
});
