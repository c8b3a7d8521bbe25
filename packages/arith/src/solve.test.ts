import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment, condition, evaluate, indexVariables, show } from "../test/arbitraries.js";
import { solveFor } from "./solve.js";

const floordiv = (a: Expr, d: number): Expr => b.binary("floordiv", a, int(d));
const number = (expr: Expr, environment: ReadonlyMap<Var, number>): number => Number(evaluate(expr, environment));

/** Conditions made of what can be solved: steps of the variable, clamps of them, conjunctions and alternatives. */
function solvable(x: Var, n: Var, depth: number): fc.Arbitrary<Expr> {
  const small = fc.integer({ min: -9, max: 9 }).map((value) => int(value));
  const step = fc
    .tuple(fc.integer({ min: -3, max: 3 }), small, fc.constantFrom(1, 2, 3, 4))
    .map(([k, c, d]) => floordiv(b.add(b.mul(x, int(k)), c), d));
  const free = fc.tuple(fc.integer({ min: -2, max: 2 }), small).map(([k, c]) => b.add(b.mul(n, int(k)), c));
  const clamp = fc
    .tuple(fc.constantFrom("min", "max"), step, fc.oneof(step, free))
    .map(([op, p, q]) => b.binary(op as "min", p, q));
  const sum = fc
    .tuple(fc.oneof(step, clamp), fc.constantFrom(1, 2, -1, -3), free)
    .map(([p, k, q]) => b.add(b.mul(p, int(k)), q));
  const compare = fc
    .tuple(fc.constantFrom("lt", "le", "gt", "ge", "eq"), sum, free)
    .map(([op, p, q]) => b.binary(op as "lt", p, q));
  if (depth === 0) return compare;
  const below = solvable(x, n, depth - 1);
  return fc.oneof(
    compare,
    fc.tuple(fc.constantFrom("and", "or"), below, below).map(([op, p, q]) => b.binary(op as "and", p, q)),
    below.map((each) => b.unary("not", each)),
  );
}

/** Checks a solution at every sample; false without one. */
function check(
  expr: Expr,
  variable: Var,
  ranges: ReadonlyMap<Var, { min: number; max: number }>,
  samples: readonly (readonly number[])[],
): boolean {
  const open = new Map([...ranges].filter(([each]) => each !== variable));
  const solution = solveFor(expr, variable, { ranges: open });
  if (solution === undefined) return false;
  for (const sample of samples) {
    const environment = assignment(ranges, sample);
    const value = environment.get(variable) ?? 0;
    const { min, max, remainder } = solution;
    const inside =
      (min === null || value >= number(min, environment)) && (max === null || value <= number(max, environment));
    const holds = inside && (remainder === null || evaluate(remainder, environment) === true);
    expect(holds, `${show(expr)} at ${[...environment.values()]}`).toBe(evaluate(expr, environment));
  }
  return true;
}

const picks = fc.array(fc.array(fc.nat(200), { minLength: 4, maxLength: 4 }), { minLength: 10, maxLength: 10 });

describe("solveFor", () => {
  it("holds exactly where any condition does", () => {
    let solved = 0;
    const cases = indexVariables(3).chain(({ variables, ranges }) =>
      fc.record({
        expr: condition(variables, 2),
        variable: fc.constant(variables[0] as Var),
        ranges: fc.constant(ranges),
        samples: picks,
      }),
    );
    fc.assert(
      fc.property(cases, ({ expr, variable, ranges, samples }) => {
        if (check(expr, variable, ranges, samples)) solved++;
      }),
      { numRuns: 1500 },
    );
    expect(solved).toBeGreaterThan(300);
  });

  it("holds exactly where steps, clamps and their combinations do", () => {
    let solved = 0;
    const [x, n] = [variable("x"), variable("n")];
    const ranges = new Map([
      [x, { min: -20, max: 20 }],
      [n, { min: -5, max: 5 }],
    ]);
    fc.assert(
      fc.property(solvable(x, n, 2), picks, (expr, samples) => {
        if (check(expr, x, ranges, samples)) solved++;
      }),
      { numRuns: 2000 },
    );
    expect(solved).toBeGreaterThan(1000);
  });

  const [i, j, n] = [variable("i"), variable("j"), variable("n")];
  const binary = (op: "and" | "or" | "lt" | "le" | "ge" | "eq" | "min" | "max" | "floormod", p: Expr, q: Expr): Expr =>
    b.binary(op, p, q);
  const solve = (condition: Expr) => {
    const solution = solveFor(condition, i, { ranges: new Map([[n, { min: 1, max: 64 }]]) });
    return solution && [solution.min, solution.max, solution.remainder].map((end) => end && show(end));
  };
  it.each<[string, Expr, readonly (string | null)[] | undefined]>([
    [
      "rounds the ends inwards",
      binary("and", binary("lt", b.add(b.mul(i, int(8)), j), int(75)), binary("ge", b.mul(i, int(3)), int(4))),
      ["2", "(((2 sub j) floordiv 8) add 9)", null],
    ],
    ["a division below", binary("lt", floordiv(i, 4), j), [null, "((j mul 4) sub 1)", null]],
    ["a block", binary("eq", floordiv(i, 4), j), ["(j mul 4)", "((j mul 4) add 3)", null]],
    ["a remainder is no interval", binary("eq", binary("floormod", i, int(4)), int(1)), undefined],
    ["a clamp above", binary("le", binary("max", i, j), int(9)), [null, "9", "(j lt 10)"]],
    ["a clamp below", binary("ge", binary("min", i, b.sub(int(20), i)), int(3)), ["3", "17", null]],
    ["alternatives that meet", binary("or", binary("lt", i, j), binary("eq", i, j)), [null, "j", null]],
    ["alternatives that do not", binary("or", binary("lt", i, int(3)), binary("ge", i, int(5))), undefined],
    ["a negation", b.unary("not", binary("or", binary("lt", i, int(3)), binary("lt", j, i))), ["3", "j", null]],
    ["a stride that is a parameter", binary("lt", b.mul(i, n), int(100)), [null, "(99 floordiv n)", null]],
    ["a stride of unknown sign", binary("lt", b.mul(i, j), int(100)), undefined],
    ["what is free of the variable", binary("lt", j, int(3)), [null, null, "(j lt 3)"]],
    ["what never holds", binary("lt", j, j), [null, null, "false"]],
  ])("solves %s", (_, condition, expected) => {
    expect(solve(condition)).toEqual(expected);
  });

  it("does not exhaust the stack", () => {
    let deep: Expr = binary("lt", i, j);
    for (let level = 0; level < 20_000; level++)
      deep = binary(level % 2 === 0 ? "or" : "and", deep, binary("lt", i, variable(`v${level}`)));
    expect(solveFor(deep, i)).toBeUndefined();
  });
});
