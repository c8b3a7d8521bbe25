import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { condition, evaluate, points, show } from "../test/arbitraries.js";
import { canProve, entails, Simplifier } from "./simplify.js";

const binary = (
  op: "and" | "or" | "lt" | "le" | "ge" | "gt" | "eq" | "ne" | "min" | "max" | "floordiv" | "floormod",
  p: Expr,
  q: Expr,
): Expr => b.binary(op, p, q);
const [i, j, k, n] = [variable("i"), variable("j"), variable("k"), variable("n")];
const scaled = (p: Expr, by: number, q: Expr): Expr => b.add(b.mul(p, int(by)), q);

describe("canProve", () => {
  const clamped = binary("min", i, b.sub(n, int(1)));
  it.each<[string, readonly Expr[], Expr]>([
    ["by a chain", [binary("le", i, j), binary("lt", j, k)], binary("lt", i, k)],
    [
      "by a long chain",
      [binary("le", i, j), binary("le", j, k), binary("le", k, n), binary("le", n, int(9))],
      binary("lt", i, int(10)),
    ],
    [
      "by a sum of facts",
      [binary("le", b.add(i, j), int(5)), binary("le", b.sub(i, j), int(3))],
      binary("le", i, int(4)),
    ],
    [
      "by a fact with factors",
      [binary("lt", scaled(i, 8, j), int(100)), binary("ge", j, int(0))],
      binary("le", i, int(12)),
    ],
    [
      "what fused loops compute",
      [binary("lt", i, int(100))],
      binary("lt", scaled(binary("floordiv", i, int(7)), 7, binary("floormod", i, int(7))), int(100)),
    ],
    ["a bound of a quotient", [binary("le", i, scaled(j, 4, int(3)))], binary("le", binary("floordiv", i, int(4)), j)],
    ["a bound by a quotient", [binary("lt", j, binary("floordiv", i, int(4)))], binary("le", scaled(j, 4, int(4)), i)],
    ["a bound by a clamp", [binary("le", j, clamped)], binary("and", binary("le", j, i), binary("lt", j, n))],
    [
      "an alternative",
      [binary("or", binary("lt", i, int(3)), binary("gt", i, int(5)))],
      binary("or", binary("lt", i, int(3)), binary("gt", i, int(5))),
    ],
    ["a weaker alternative", [binary("ge", i, int(3))], binary("or", binary("gt", i, int(7)), binary("le", int(2), i))],
    ["one or the other", [], binary("or", binary("le", i, j), binary("le", j, i))],
    ["a difference", [binary("lt", i, j), binary("le", j, k)], binary("ne", i, k)],
    ["an equality", [binary("le", i, j), binary("le", j, k), binary("le", k, i)], binary("eq", i, k)],
    [
      "a negation",
      [binary("le", i, j), binary("le", j, k)],
      b.unary("not", binary("or", binary("lt", k, i), binary("lt", k, i))),
    ],
    [
      "what rounding to integers gives",
      [binary("le", scaled(i, 3, int(0)), b.add(j, int(2))), binary("le", j, int(0))],
      binary("le", i, int(0)),
    ],
  ])("proves %s", (_, facts, condition) => {
    expect(entails(facts, condition)).toBe(true);
    if (facts.length > 0) expect(entails([], condition), "and needs its facts").toBe(false);
  });

  it.each<[string, readonly Expr[], Expr]>([
    ["the converse", [binary("le", i, j)], binary("le", j, i)],
    ["a chain with a gap", [binary("le", i, j), binary("le", k, n)], binary("le", i, n)],
    ["what a product says", [binary("le", b.mul(i, j), int(3))], binary("le", i, int(3))],
  ])("does not prove %s", (_, facts, condition) => {
    expect(entails(facts, condition)).toBe(false);
  });

  it("proves that a reader's condition implies that of what it reads", () => {
    const predicate = (row: Expr, column: Expr): Expr =>
      binary("and", binary("lt", scaled(row, 8, column), int(100)), binary("ge", column, int(0)));
    const [outer, inner] = [variable("outer"), variable("inner")];
    const ranges = new Map([
      [outer, { min: 0, max: 12 }],
      [inner, { min: 0, max: 7 }],
    ]);
    const own = binary("lt", scaled(outer, 8, b.add(inner, int(1))), int(100));
    expect(canProve(predicate(outer, inner), { ranges, facts: [own] })).toBe(true);
    expect(canProve(predicate(outer, b.add(inner, int(1))), { ranges, facts: [own] })).toBe(true);
    expect(canProve(predicate(outer, b.add(inner, int(2))), { ranges, facts: [own] })).toBe(false);
  });

  it("forgets facts where their scope ends", () => {
    const simplifier = new Simplifier();
    const goal = binary("le", i, k);
    const proved = simplifier.within({ facts: [binary("le", i, j), binary("le", j, k)] }, () =>
      simplifier.proves(goal),
    );
    expect([proved, simplifier.proves(goal)]).toEqual([true, false]);
    simplifier.assume(goal);
    expect(simplifier.proves(goal)).toBe(true);
  });

  it("gives up on many facts without trying for long", () => {
    const many = Array.from({ length: 60 }, (_, position) => variable(`v${position}`));
    const facts = many
      .slice(1)
      .map((each, position) => binary("le", b.add(many[position] as Var, many[(position * 7) % 60] as Var), each));
    expect(entails(facts, binary("le", many[0] as Var, many[59] as Var))).toBe(false);
  });
});

const variables = [i, j, k];
const ranges = new Map(variables.map((each) => [each, { min: -4, max: 4 }]));
const box = points([...ranges]);
const picture = (facts: readonly Expr[], goal: Expr): string => `${facts.map(show).join(", ")} ⊢ ${show(goal)}`;

describe("proofs", () => {
  it("hold at every point where the facts do", () => {
    let proved = 0;
    const cases = fc.tuple(fc.array(condition(variables, 1), { maxLength: 3 }), condition(variables, 1));
    fc.assert(
      fc.property(cases, fc.boolean(), ([facts, goal], bounded) => {
        if (!canProve(goal, bounded ? { facts, ranges } : { facts })) return;
        proved++;
        for (const point of box)
          if (facts.every((fact) => evaluate(fact, point) === true))
            expect(evaluate(goal, point), picture(facts, goal)).toBe(true);
      }),
      { numRuns: 700 },
    );
    expect(proved).toBeGreaterThan(50);
  });

  it("are found for sums of affine facts", () => {
    let [found, tried] = [0, 0];
    const affine = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 4, maxLength: 4 });
    const weights = fc.array(fc.nat(2), { minLength: 3, maxLength: 3 });
    const isNegative = ([constant = 0, ...factors]: readonly number[]): Expr =>
      binary(
        "le",
        variables.reduce<Expr>(
          (sum, each, position) => b.add(sum, b.mul(each, int(factors[position] ?? 0))),
          int(constant),
        ),
        int(0),
      );
    fc.assert(
      fc.property(
        fc.array(affine, { minLength: 3, maxLength: 3 }),
        weights,
        fc.nat(3),
        (sums, [p = 0, q = 0, r = 0], slack) => {
          const facts = sums.map(isNegative);
          if (!box.some((point) => facts.every((fact) => evaluate(fact, point) === true))) return;
          const [x = [], y = [], z = []] = sums;
          const goal = x.map(
            (value, position) =>
              p * value + q * (y[position] ?? 0) + r * (z[position] ?? 0) - (position === 0 ? slack : 0),
          );
          tried++;
          if (entails(facts, isNegative(goal))) found++;
        },
      ),
      { numRuns: 500 },
    );
    expect(found).toBe(tried);
  });
});
