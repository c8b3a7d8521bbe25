import { build as b, type Expr, int, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignment, condition, evaluate, indexExpr, indexVariables, show, sizeOf } from "../test/arbitraries.js";
import { boundsOf } from "./bounds.js";
import { modulusOf } from "./modulus.js";
import { canProve, entails, simplify } from "./simplify.js";

const picks = fc.array(fc.nat(200), { minLength: 4, maxLength: 4 });
const cases = (depth: number) =>
  indexVariables(3).chain(({ variables, ranges }) =>
    fc.record({
      expr: fc.oneof(indexExpr(variables, depth), condition(variables, depth - 1)),
      ranges: fc.constant(ranges),
      samples: fc.array(picks, { minLength: 12, maxLength: 12 }),
    }),
  );
const RUNS = { numRuns: 1000 };
const shallow = 3;
const deep = 4;

describe("simplify", () => {
  it("keeps the value of every expression within the ranges", () => {
    fc.assert(
      fc.property(cases(deep), ({ expr, ranges, samples }) => {
        const after = simplify(expr, { ranges });
        for (const sample of samples) {
          const environment = assignment(ranges, sample);
          expect(evaluate(after, environment), `${show(expr)} → ${show(after)}`).toEqual(evaluate(expr, environment));
        }
      }),
      RUNS,
    );
  });

  it("keeps the value where its facts hold", () => {
    const law = indexVariables(3).chain(({ variables, ranges }) =>
      fc.record({
        expr: condition(variables, 2),
        fact: condition(variables, 1),
        ranges: fc.constant(ranges),
        samples: fc.array(picks, { minLength: 12, maxLength: 12 }),
      }),
    );
    fc.assert(
      fc.property(law, ({ expr, fact, ranges, samples }) => {
        const after = simplify(expr, { ranges, facts: [fact] });
        for (const sample of samples) {
          const environment = assignment(ranges, sample);
          if (evaluate(fact, environment) !== true) continue;
          expect(evaluate(after, environment), `${show(fact)} ⊢ ${show(expr)} → ${show(after)}`).toEqual(
            evaluate(expr, environment),
          );
        }
      }),
      RUNS,
    );
  });

  it("changes nothing the second time", () => {
    fc.assert(
      fc.property(cases(shallow), ({ expr, ranges }) => {
        const once = simplify(expr, { ranges });
        const twice = simplify(once, { ranges });
        expect(show(twice), show(expr)).toBe(show(once));
      }),
      RUNS,
    );
  });

  it("gives equal results for equal input", () => {
    fc.assert(
      fc.property(cases(shallow), ({ expr, ranges }) => {
        expect(show(simplify(expr, { ranges }))).toBe(show(simplify(expr, { ranges })));
      }),
    );
  });

  it("never makes an expression much larger", () => {
    fc.assert(
      fc.property(cases(deep), ({ expr, ranges }) => {
        const after = simplify(expr, { ranges });
        expect(sizeOf(after), `${show(expr)} → ${show(after)}`).toBeLessThanOrEqual(2 * sizeOf(expr) + 8);
      }),
      RUNS,
    );
  });

  it("leaves an expression that is simple as the object it is", () => {
    const [i, j] = [variable("i"), variable("j")];
    const sum = b.add(b.mul(i, int(8)), j);
    expect(simplify(sum)).toBe(sum);
    const load = b.cast(b.unary("neg", variable("x", "float32")), "int32");
    expect(simplify(load)).toBe(load);
  });

  it("takes expressions nested a hundred thousand deep", () => {
    let nested: Expr = variable("x");
    const [x, y] = [nested, variable("y")];
    for (let depth = 0; depth < 100_000; depth++)
      nested = depth % 2 === 0 ? b.add(nested, x) : b.binary("min", nested, y);
    expect(simplify(nested).dtype).toBe("index");
  });

  it("takes an expression that shares its operands over and over", () => {
    let shared: Expr = variable("x");
    for (let depth = 0; depth < 40; depth++) shared = b.add(shared, shared);
    expect(show(simplify(shared))).toBe(`(x mul ${2 ** 40})`);
  });
});

describe("boundsOf", () => {
  it("holds every value of an expression", () => {
    fc.assert(
      fc.property(cases(deep), ({ expr, ranges, samples }) => {
        const { min, max } = boundsOf(expr, ranges);
        for (const sample of samples) {
          const value = Number(evaluate(expr, assignment(ranges, sample)));
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        }
      }),
      RUNS,
    );
  });
});

describe("modulusOf", () => {
  it("holds the residue of every value", () => {
    const law = indexVariables(3).chain(({ variables, ranges }) =>
      fc.record({ expr: indexExpr(variables, 3), ranges: fc.constant(ranges), sample: picks }),
    );
    fc.assert(
      fc.property(law, ({ expr, ranges, sample }) => {
        const { modulus, remainder } = modulusOf(expr);
        const value = Number(evaluate(expr, assignment(ranges, sample)));
        if (modulus === 0) expect(value).toEqual(remainder + 0);
        else expect((((value - remainder) % modulus) + modulus) % modulus).toBe(0);
      }),
      RUNS,
    );
  });
});

describe("canProve", () => {
  it("proves nothing that is false somewhere", () => {
    const law = indexVariables(3).chain(({ variables, ranges }) =>
      fc.record({
        expr: condition(variables, 2),
        ranges: fc.constant(ranges),
        samples: fc.array(picks, { minLength: 8, maxLength: 8 }),
      }),
    );
    fc.assert(
      fc.property(law, ({ expr, ranges, samples }) => {
        if (!canProve(expr, { ranges })) return;
        for (const sample of samples) expect(evaluate(expr, assignment(ranges, sample)), show(expr)).toBe(true);
      }),
      RUNS,
    );
  });

  const [i, j, n] = [variable("i"), variable("j"), variable("n")];
  const tile = b.add(b.mul(i, int(8)), j);
  const lt = (x: Expr, y: Expr): Expr => b.binary("lt", x, y);
  it.each([
    ["a guard implies itself", [lt(tile, n)], lt(tile, n)],
    ["a guard implies the start of its tile", [lt(tile, n), b.binary("ge", j, int(0))], lt(b.mul(i, int(8)), n)],
    [
      "a whole tile implies each element",
      [b.binary("le", b.add(b.mul(i, int(8)), int(8)), n), lt(j, int(8))],
      lt(tile, n),
    ],
    ["an index below an extent makes it positive", [b.binary("ge", i, int(0)), lt(i, n)], lt(int(0), n)],
  ])("%s", (_, facts, goal) => {
    expect(entails(facts, goal)).toBe(true);
  });
});

describe("vectors of constants", () => {
  it("keep one type when a ramp that starts at a constant is divided", () => {
    const lanes = b.ramp(int(0), int(1), 4);
    const quotient = simplify(b.binary("floordiv", lanes, b.broadcast(int(4), 4)));
    expect(quotient).toMatchObject({ kind: "Broadcast", lanes: 4, operand: { kind: "Const", lanes: 1, value: 0 } });
  });
});
