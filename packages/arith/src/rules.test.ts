import { constant, type DType, type Expr, isWide, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, show, valuesOf } from "../test/arbitraries.js";
import { Analyzer } from "./analyzer.js";
import { applyRule } from "./apply.js";
import type { Interval } from "./interval.js";
import type { Pattern, Rule, TypeClass } from "./pattern.js";
import { allRules } from "./rules/index.js";
import { Scope } from "./scope.js";

const TYPES: { readonly [C in TypeClass]: readonly DType[] } = {
  index: ["index"],
  integer: ["int8", "uint8", "int32", "uint32", "int64", "uint64"],
  float: ["float32", "float64", "float16"],
  bool: ["bool"],
};
const LANES = 4;
/** By convention `p` and `q` are conditions in every rule. */
const typeOfName = (name: string, dtype: DType): DType => (name === "p" || name === "q" ? "bool" : dtype);

function namesOf(pattern: Pattern, into = new Map<string, "any" | "constant">()): Map<string, "any" | "constant"> {
  if (pattern.is === "any" || pattern.is === "constant") into.set(pattern.name, pattern.is);
  for (const part of Object.values(pattern)) if (typeof part === "object") namesOf(part, into);
  return into;
}

/** The left side as an expression, literally; constants beside vectors stand in every lane. */
function instance(analyzer: Analyzer, pattern: Pattern, leaves: ReadonlyMap<string, Expr>, dtype: DType): Expr {
  const { interner } = analyzer;
  const span = { file: "", line: 0, column: 0 };
  const literal = (value: number | boolean, type: DType): Expr =>
    interner.intern(constant(isWide(type) && typeof value === "number" ? BigInt(value) : value, type));
  const spread = (expr: Expr, lanes: number): Expr =>
    expr.lanes === lanes ? expr : interner.intern({ kind: "Broadcast", span, dtype: expr.dtype, lanes, operand: expr });
  const make = (part: Pattern, type: DType): Expr => {
    switch (part.is) {
      case "any":
      case "constant":
        return interner.intern(leaves.get(part.name) as Expr);
      case "literal":
        return literal(part.value, type);
      case "unary": {
        const operand = make(part.operand, type);
        return interner.intern({
          kind: "Unary",
          span,
          dtype: operand.dtype,
          lanes: operand.lanes,
          op: part.op,
          operand,
          fast: 0,
        });
      }
      case "binary": {
        const known = part.left.is === "literal" ? make(part.right, type) : make(part.left, type);
        const [left, right] =
          part.left.is === "literal"
            ? [literal(part.left.value, known.dtype), known]
            : [known, make(part.right, known.dtype)];
        const lanes = Math.max(left.lanes, right.lanes);
        const truth = ["eq", "ne", "lt", "le", "gt", "ge"].includes(part.op);
        return interner.intern({
          kind: "Binary",
          span,
          dtype: truth ? "bool" : left.dtype,
          lanes,
          op: part.op,
          left: spread(left, lanes),
          right: spread(right, lanes),
          fast: 0,
        });
      }
      case "choice": {
        const condition = make(part.condition, "bool");
        const [whenTrue, whenFalse] = [make(part.whenTrue, dtype), make(part.whenFalse, dtype)];
        return interner.intern({
          kind: "Select",
          span,
          dtype: whenTrue.dtype,
          lanes: 1,
          condition,
          whenTrue,
          whenFalse,
        });
      }
      case "ramp":
        return interner.intern({
          kind: "Ramp",
          span,
          dtype,
          lanes: LANES,
          base: make(part.base, dtype),
          stride: make(part.stride, dtype),
        });
      case "broadcast":
        return spread(make(part.operand, dtype), LANES);
    }
  };
  return make(pattern, dtype);
}

/** Arms of a choice may be literals only where they are truth values. */
interface Try {
  readonly dtype: DType;
  readonly bound: readonly {
    readonly low: number;
    readonly size: number;
    readonly values: readonly (number | bigint | boolean)[];
  }[];
}

function tries(rule: Rule, count: number): fc.Arbitrary<Try> {
  const dtypes = rule.classes.flatMap((each) => TYPES[each]);
  const small = rule.guard === undefined ? 24 : 12;
  return fc.constantFrom(...dtypes).chain((dtype) => {
    const names = [...namesOf(rule.pattern).keys()];
    const one = (name: string) =>
      fc.record({
        low: fc.integer({ min: -small, max: small }),
        size: fc.oneof(fc.constant(0), fc.nat(14)),
        values: fc.array(valuesOf(typeOfName(name, dtype)), { minLength: 6, maxLength: 6 }),
      });
    return fc.record({ dtype: fc.constant(dtype), bound: fc.tuple(...names.slice(0, count).map(one)) });
  });
}

/** Applies the rule to an instance and compares both sides; whether it fired. */
function check(rule: Rule, { dtype, bound }: Try): boolean {
  const names = [...namesOf(rule.pattern)];
  const ranges = new Map<Var, Interval>();
  const leaves = new Map<string, Expr>();
  const samples = new Map<Var, (round: number) => number | bigint | boolean>();
  names.forEach(([name, kind], position) => {
    const { low, size, values } = bound[position] as Try["bound"][number];
    const type = typeOfName(name, dtype);
    const ranged = type === "index" || (rule.guard !== undefined && type === "int32");
    const value = (round: number) => values[round] as number | bigint | boolean;
    if (kind === "constant") leaves.set(name, constant(ranged ? low + 6 : value(0), type));
    else {
      const each = variable(name, type);
      leaves.set(name, each);
      if (ranged) ranges.set(each, { min: low, max: low + size });
      samples.set(each, (round) => (ranged ? low + (Math.abs(Number(value(round))) % (size + 1)) : value(round)));
    }
  });
  const analyzer = new Analyzer(new Scope(ranges));
  const left = instance(analyzer, rule.pattern, leaves, dtype);
  const right = applyRule(analyzer, rule, left);
  if (right === undefined) return false;
  for (let round = 0; round < 6; round++) {
    const environment = new Map([...samples].map(([each, sample]) => [each, sample(round)]));
    const expected = attempt(() => evaluate(left, environment));
    if (expected === undefined) continue;
    expect(
      evaluate(right, environment),
      `${rule.name} on ${dtype}: ${show(left)} → ${show(right)} at ${[...environment].map(([v, x]) => `${v.name} = ${x}`)}`,
    ).toEqual(expected);
  }
  return true;
}

/** The left side may have no value, as a division by zero. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

describe("every rule keeps the value, to the bit, and fires", () => {
  it.each(allRules.map((rule) => [rule.name, rule] as const))("%s", (_, rule) => {
    let fired = 0;
    fc.assert(
      fc.property(tries(rule, 8), (sample) => {
        if (check(rule, sample)) fired++;
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(fired).toBeGreaterThan(0);
  });

  it("has a name of its own", () => {
    expect(new Set(allRules.map(({ name }) => name)).size).toBe(allRules.length);
  });
});
