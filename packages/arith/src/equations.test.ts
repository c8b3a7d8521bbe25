import { build as b, type Expr, int, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, points, show } from "../test/arbitraries.js";
import { type EquationSolution, solveEquations } from "./equations.js";
import type { Interval } from "./interval.js";
import { usesAny } from "./linear-form.js";

const floordiv = (a: Expr, d: number): Expr => b.binary("floordiv", a, int(d));
const floormod = (a: Expr, d: number): Expr => b.binary("floormod", a, int(d));
const texts = ({ values, free, conditions }: EquationSolution) => ({
  values: [...values].map(([each, value]) => `${each.name} = ${show(value)}`),
  free: free.map(({ name }) => name),
  conditions: conditions.map(show),
});
const [x, y, n, m] = ["x", "y", "n", "m"].map((name) => variable(name)) as [Var, Var, Var, Var];
const solve = (equations: readonly Expr[], unknowns: readonly Var[]) => {
  const solution = solveEquations(equations, unknowns);
  return solution && texts(solution);
};

describe("solveEquations", () => {
  it("solves for the first unknown with a unit coefficient", () => {
    expect(solve([b.sub(b.add(x, y), n)], [x, y])).toEqual({
      values: ["x = (n sub y)", "y = y"],
      free: ["y"],
      conditions: [],
    });
    expect(solve([b.sub(b.add(b.mul(x, int(2)), y), n)], [x, y])).toEqual({
      values: ["x = x", "y = (n sub (x mul 2))"],
      free: ["x"],
      conditions: [],
    });
  });

  it("demands that a common factor divides what was given", () => {
    expect(solve([b.sub(b.mul(x, int(4)), n)], [x])).toEqual({
      values: ["x = (n floordiv 4)"],
      free: [],
      conditions: ["((n floormod 4) eq 0)"],
    });
    expect(solve([b.sub(b.mul(x, int(4)), int(6))], [x])?.conditions).toEqual(["false"]);
  });

  it("demands consistency of redundant equations", () => {
    const solution = solve([b.sub(x, n), b.sub(x, m)], [x]);
    expect(solution).toEqual({ values: ["x = n"], free: [], conditions: ["(m eq n)"] });
  });

  it("makes a fresh variable where no unknown can stay free", () => {
    const solution = solve([b.sub(b.add(b.mul(x, int(2)), b.mul(y, int(3))), n)], [x, y]);
    expect(solution?.free).toEqual(["free"]);
    expect(solution?.conditions).toEqual([]);
  });

  it("undoes a reshape", () => {
    expect(solve([b.sub(floordiv(x, 4), n), b.sub(floormod(x, 4), m)], [x])).toEqual({
      values: ["x = ((n mul 4) add m)"],
      free: [],
      conditions: ["(m ge 0)", "(m lt 4)"],
    });
  });

  it("takes a flat index apart by the ranges of the unknowns", () => {
    const flat = b.sub(b.add(b.mul(x, int(6)), y), n);
    const solution = solveEquations([flat], [x, y], { ranges: new Map([[y, { min: 0, max: 5 }]]) });
    expect(solution && texts(solution)).toEqual({
      values: ["x = (n floordiv 6)", "y = (n floormod 6)"],
      free: [],
      conditions: [],
    });
    expect(solve([flat], [x, y])?.free).toEqual(["x"]);
  });

  it("gives the range of what a lone division leaves open", () => {
    const solution = solveEquations([b.sub(floordiv(x, 4), n)], [x]);
    const [rest] = solution?.free ?? [];
    expect(solution && texts(solution)).toEqual({
      values: ["x = (remainder add (n mul 4))"],
      free: ["remainder"],
      conditions: [],
    });
    expect(rest && solution?.ranges.get(rest)).toEqual({ min: 0, max: 3 });
  });

  it("leaves unknowns free that nothing is said of, and has no choice where a range has one value", () => {
    expect(solve([], [x, y])).toEqual({ values: ["x = x", "y = y"], free: ["x", "y"], conditions: [] });
    const solution = solveEquations([b.sub(b.add(x, y), n)], [x, y], { ranges: new Map([[y, { min: 2, max: 2 }]]) });
    expect(solution && texts(solution)).toEqual({ values: ["x = (n sub 2)", "y = 2"], free: [], conditions: [] });
  });

  it("gives each unknown digits of its own", () => {
    const tops = (each: Var): Expr => floormod(floordiv(each, 2), 2);
    const ranges = new Map([x, y].map((each) => [each, { min: -3, max: 3 }]));
    const solution = solveEquations([b.add(tops(x), b.mul(tops(y), int(7)))], [x, y], { ranges });
    const used = [...(solution?.values.values() ?? [])].map((value) =>
      solution?.free.filter((each) => usesAny(value, new Set([each]))),
    );
    expect(used.map((own) => own?.length)).toEqual([2, 2]);
    expect(new Set(used.flat()).size).toBe(4);
  });

  it("does not exhaust the stack", () => {
    const deep = Array.from({ length: 4000 }).reduce<Expr>((e) => floormod(b.add(floordiv(e, 2), y), 5), x);
    expect(solveEquations([b.sub(deep, n)], [x, y])).toBeUndefined();
  });

  it.each([
    ["a product of unknowns", b.mul(x, y)],
    ["a coefficient that is no constant", b.mul(x, n)],
    ["a minimum", b.binary("min", x, int(3))],
    ["a division by what is no constant", b.binary("floordiv", x, n)],
    ["another type", variable("f", "float32")],
    ["numbers beyond the safe integers", b.add(b.mul(x, int(2 ** 52)), b.mul(b.mul(y, int(2 ** 52 - 1)), int(3)))],
  ])("has no answer for %s", (_, equation) => {
    expect(solveEquations([equation], [x, y])).toBeUndefined();
  });
});

interface System {
  readonly equations: readonly Expr[];
  readonly unknowns: readonly Var[];
  readonly given: readonly Var[];
}

/** Equations of few terms; some terms are digits of sums of unknowns. */
function systems(divisions: boolean): fc.Arbitrary<System> {
  return fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 })).chain(([count, symbols]) => {
    const unknowns = Array.from({ length: count }, (_, k) => variable(`x${k}`));
    const given = Array.from({ length: symbols }, (_, k) => variable(`n${k}`));
    const coefficient = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(-1, 0, 1) },
      { weight: 1, arbitrary: fc.integer({ min: -4, max: 4 }) },
      { weight: 1, arbitrary: fc.constantFrom(7, 49) },
    );
    const affine = (variables: readonly Var[]) =>
      fc
        .tuple(fc.integer({ min: -4, max: 4 }), ...variables.map(() => coefficient))
        .map(([constant, ...factors]) =>
          variables.reduce<Expr>((sum, each, k) => b.add(sum, b.mul(each, int(factors[k] ?? 0))), int(constant)),
        );
    const digit = fc
      .tuple(
        fc.oneof(fc.constantFrom<Expr>(...unknowns), affine(unknowns)),
        fc.constantFrom(2, 3, 4),
        fc.constantFrom(1, 2, 3),
        coefficient,
      )
      .chain(([base, c, d, k]) =>
        fc
          .constantFrom(
            floordiv(base, c),
            floormod(base, c),
            floormod(floordiv(base, c), d),
            floordiv(floormod(base, c * d), d),
          )
          .map((each) => b.mul(each, int(k))),
      );
    const term = divisions ? fc.oneof(affine([...unknowns, ...given]), digit) : affine([...unknowns, ...given]);
    const equation = fc.array(term, { minLength: 1, maxLength: 2 }).map((terms) => terms.reduce((p, q) => b.add(p, q)));
    return fc.record({
      equations: fc.array(equation, { minLength: 1, maxLength: 3 }),
      unknowns: fc.constant(unknowns),
      given: fc.constant(given),
    });
  });
}

const BOX: Interval = { min: -3, max: 3 };
/** Choices of the free variables, of which at most one has no range, that may lead into the box: values are affine in them. */
function choices({ unknowns }: System, { values, free, ranges }: EquationSolution, known: ReadonlyMap<Var, number>) {
  const rangeOf = (each: Var): Interval | undefined => ranges.get(each) ?? (unknowns.includes(each) ? BOX : undefined);
  const wide = free.find((each) => rangeOf(each) === undefined);
  const narrow = points(free.flatMap((each) => (each === wide ? [] : [[each, rangeOf(each) ?? BOX] as const]))).map(
    (point) => new Map([...known, ...point]),
  );
  if (wide === undefined) return narrow;
  return narrow.flatMap((point) => {
    for (const value of values.values()) {
      const [first, second] = [0, 1].map((at) => Number(evaluate(value, new Map([...point, [wide, at]])))) as [
        number,
        number,
      ];
      const step = second - first;
      if (step === 0) continue;
      const ends = [BOX.min, BOX.max].map((end) => (end - first) / step).sort((p, q) => p - q) as [number, number];
      return points([[wide, { min: Math.ceil(ends[0]), max: Math.floor(ends[1]) }]]).map(
        (at) => new Map([...point, ...at]),
      );
    }
    throw new Error(`${wide.name} is of no use`);
  });
}

/** The points of the box that satisfy the system are those that the solution generates, each once. */
function compare(system: System, solution: EquationSolution): void {
  const { equations, unknowns, given } = system;
  const key = (at: ReadonlyMap<Var, number>): string => unknowns.map((each) => at.get(each)).join();
  for (const known of points(given.map((each) => [each, BOX])).filter((_, position) => position % 11 === 0)) {
    const wanted = points(unknowns.map((each) => [each, BOX]))
      .map((point) => new Map([...known, ...point]))
      .filter((at) => equations.every((each) => evaluate(each, at) === 0))
      .map(key);
    const made = choices(system, solution, known)
      .filter((at) => solution.conditions.every((each) => evaluate(each, at) === true))
      .map((at) => new Map([...solution.values].map(([each, value]) => [each, Number(evaluate(value, at))])))
      .filter((at) => unknowns.every((each) => Math.abs(at.get(each) ?? 0) <= BOX.max))
      .map(key);
    expect(made.sort(), `${equations.map(show).join("; ")} given ${[...known.values()]}`).toEqual(wanted.sort());
  }
}

describe("solutions", () => {
  it.each([
    ["affine", false, false, 200],
    ["with divisions", true, false, 300],
    ["with ranges", false, true, 200],
    ["with divisions and ranges", true, true, 200],
  ])(
    "of systems %s generate every integer point of a box once and no other",
    (_, divisions, ranged, numRuns) => {
      let [solved, tried] = [0, 0];
      fc.assert(
        fc.property(systems(divisions), (system) => {
          tried++;
          const ranges = new Map(system.unknowns.map((each) => [each, BOX]));
          const solution = solveEquations(system.equations, system.unknowns, ranged ? { ranges } : {});
          if (solution === undefined) return;
          const isWide = (each: Var): boolean => !system.unknowns.includes(each) && !solution.ranges.has(each);
          if (solution.free.filter(isWide).length > 1 || solution.free.length > 4) return;
          solved++;
          compare(system, solution);
        }),
        { numRuns },
      );
      expect(solved).toBeGreaterThan(tried * 0.8);
    },
    60_000,
  );
});
