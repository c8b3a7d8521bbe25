import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment, evaluate, indexExpr, indexVariables, show } from "../test/arbitraries.js";
import { linearForm } from "./linear-form.js";
import { type Domain, extentOf, intervalOf, unionOf, upperBoundOf } from "./symbolic.js";

const samples = fc.array(fc.array(fc.nat(200), { minLength: 4, maxLength: 4 }), { minLength: 10, maxLength: 10 });
const cases = (depth: number) =>
  indexVariables(3).chain(({ variables, ranges }) =>
    fc.record({
      expr: indexExpr(variables, depth),
      variables: fc.constant(variables),
      ranges: fc.constant(ranges),
      samples,
    }),
  );
const number = (expr: Expr, environment: ReadonlyMap<Var, number>): number => Number(evaluate(expr, environment));

describe("intervalOf", () => {
  it("holds the value for every value of the relaxed variables", () => {
    fc.assert(
      fc.property(cases(3), ({ expr, variables, ranges, samples }) => {
        const relaxed = new Map<Var, Domain>();
        for (const each of variables.slice(0, 2)) {
          const { min, max } = ranges.get(each) ?? { min: 0, max: 0 };
          relaxed.set(each, { min: int(min), extent: int(max - min + 1) });
        }
        const points = new Map([...ranges].filter(([each]) => !relaxed.has(each)));
        const { min, max } = intervalOf(expr, relaxed, { ranges: points });
        for (const sample of samples) {
          const environment = assignment(ranges, sample);
          const value = number(expr, environment);
          if (min !== null)
            expect(value, `${show(expr)} ≥ ${show(min)}`).toBeGreaterThanOrEqual(number(min, environment));
          if (max !== null) expect(value, `${show(expr)} ≤ ${show(max)}`).toBeLessThanOrEqual(number(max, environment));
        }
      }),
      { numRuns: 1000 },
    );
  });

  const [io, ii, n] = [variable("io"), variable("ii"), variable("n")];
  const tile = b.add(b.mul(io, int(8)), ii);
  const inner = new Map([[ii, { min: int(0), extent: int(8) }]]);
  it.each([
    ["is exact for affine expressions", tile, "(io mul 8)", "((io mul 8) add 7)"],
    ["turns round where a coefficient is negative", b.sub(n, tile), "((n sub (io mul 8)) sub 7)", "(n sub (io mul 8))"],
    ["is exact for a division within a tile", b.binary("floordiv", tile, int(8)), "io", "io"],
    [
      "bounds a clamp on both sides",
      b.binary("min", tile, b.sub(n, int(1))),
      "((io mul 8) min (n sub 1))",
      "(((io mul 8) add 7) min (n sub 1))",
    ],
  ])("%s", (_, expr, low, high) => {
    const { min, max } = intervalOf(expr, inner);
    expect([min && show(min), max && show(max)]).toEqual([low, high]);
  });

  it("gives a tile and its halo a constant extent, clamped or not", () => {
    const halo = b.binary("max", b.binary("min", b.add(tile, int(2)), b.sub(n, int(1))), int(0));
    const start = b.binary("max", b.binary("min", tile, b.sub(n, int(1))), int(0));
    const both = unionOf(intervalOf(halo, inner), intervalOf(start, inner));
    const extent = extentOf(both);
    expect(extent && upperBoundOf(extent)).toBe(10);
  });

  it("has no end where nothing bounds the value", () => {
    const load = b.cast(variable("x", "int64"), "index");
    expect(intervalOf(b.add(load, ii), new Map([[ii, { min: int(0), extent: n }]])).min).not.toBeUndefined();
  });
});

describe("linearForm", () => {
  it("is the expression, wherever it has one", () => {
    fc.assert(
      fc.property(cases(3), ({ expr, variables, ranges, samples }) => {
        const form = linearForm(expr, variables.slice(0, 2), { ranges });
        if (form === undefined) return;
        for (const sample of samples) {
          const environment = assignment(ranges, sample);
          let value = number(form.rest, environment);
          for (const [each, coefficient] of form.coefficients)
            value += number(coefficient, environment) * (environment.get(each) ?? 0);
          expect(value, show(expr)).toBe(number(expr, environment));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("finds strides that are parameters and refuses products and divisions of the variables", () => {
    const [i, j, n] = [variable("i"), variable("j"), variable("n")];
    const form = linearForm(b.add(b.mul(b.add(i, int(1)), n), j), [i, j]);
    expect([...(form?.coefficients ?? [])].map(([each, coefficient]) => `${each.name}: ${show(coefficient)}`)).toEqual([
      "i: n",
      "j: 1",
    ]);
    expect(form && show(form.rest)).toBe("n");
    expect(linearForm(b.mul(i, j), [i, j])).toBeUndefined();
    expect(linearForm(b.binary("floordiv", i, int(4)), [i])).toBeUndefined();
  });
});
