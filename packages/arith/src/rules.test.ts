import { constant, type DType, type Expr, isFloat, isInteger, isWide, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluate, show, valuesOf } from "../test/arbitraries.js";
import { Analyzer } from "./analyzer.js";
import { applyRule } from "./apply.js";
import type { Interval } from "./interval.js";
import { type Pattern, type Rule, rule, type TypeClass, words } from "./pattern.js";
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

/** Applies the rule to an instance and compares both sides: what differs, "" when nothing does, `undefined` when it did not fire. */
function difference(rule: Rule, { dtype, bound }: Try): string | undefined {
  const names = [...namesOf(rule.pattern)];
  const ranges = new Map<Var, Interval>();
  const leaves = new Map<string, Expr>();
  const samples = new Map<Var, (round: number) => number | bigint | boolean>();
  names.forEach(([name, kind], position) => {
    const { low, size, values } = bound[position] as Try["bound"][number];
    const type = typeOfName(name, dtype);
    const ranged = type === "index" || (rule.guard !== undefined && isInteger(type));
    const least = type.startsWith("u") ? Math.abs(low) : low;
    const held = (value: number) => (isWide(type) ? BigInt(value) : value);
    const value = (round: number) => values[round] as number | bigint | boolean;
    if (kind === "constant") leaves.set(name, constant(ranged ? least + 6 : value(0), type));
    else {
      const each = variable(name, type);
      leaves.set(name, each);
      if (ranged) ranges.set(each, { min: least, max: least + size });
      samples.set(each, (round) =>
        ranged ? held(least + (Math.abs(Number(value(round))) % (size + 1))) : value(round),
      );
    }
  });
  const analyzer = new Analyzer(new Scope(ranges));
  const left = instance(analyzer, rule.pattern, leaves, dtype);
  const right = applyRule(analyzer, rule, left);
  if (right === undefined) return undefined;
  for (let round = 0; round < 6; round++) {
    const environment = new Map([...samples].map(([each, sample]) => [each, sample(round)]));
    const expected = attempt(() => evaluate(left, environment));
    if (expected === undefined) continue;
    const found = evaluate(right, environment);
    if (!isSame(found, expected))
      return `${rule.name} on ${dtype}: ${show(left)} → ${show(right)} at ${[...environment].map(([v, x]) => `${v.name} = ${x}`)}: ${found} for ${expected}`;
  }
  return "";
}

/** To the bit: −0 is not 0, and NaN is NaN. */
const isSame = (a: unknown, b: unknown): boolean =>
  Array.isArray(a) && Array.isArray(b)
    ? a.length === b.length && a.every((lane, k) => Object.is(lane, b[k]))
    : Object.is(a, b);

/** The left side may have no value, as a division by zero. */
function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

/** What is special of a type: its ends, the neighbours of 0, and for floats −0, infinities and NaN. */
function edgesOf(dtype: DType): readonly (number | bigint | boolean)[] {
  if (dtype === "bool") return [false, true];
  if (isFloat(dtype)) return [0, -0, 1, -1, 0.5, 2, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  if (dtype === "index") return [-7, -4, -2, -1, 0, 1, 2, 3, 8];
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const low = dtype.startsWith("u") ? 0n : -(1n << (bits - 1n));
  const high = low + (1n << bits) - 1n;
  const all = [...new Set([low, low + 1n, low === 0n ? 2n : -1n, 0n, 1n, high - 1n, high])];
  return isWide(dtype) ? all : all.map(Number);
}

/** Every pair of edges for the first two names, with the others running along; ranges of every sign. */
function* edges(rule: Rule, dtype: DType): Generator<Try> {
  const names = [...namesOf(rule.pattern).keys()];
  const [first = [], second = [], ...others] = names.map((name) => edgesOf(typeOfName(name, dtype)));
  const sizes = [0, 1, 3, 8];
  for (const [x, a] of first.entries())
    for (const [y, c] of (names.length > 1 ? second : [0]).entries()) {
      const values = [a, c, ...others.map((list, position) => list[(x * 5 + y + position) % list.length] as number)];
      const bound = names.map((_, position) => {
        const value = values[position] as number;
        const low = Number.isFinite(Number(value)) ? Math.max(-12, Math.min(12, Number(value))) : 0;
        return {
          low: Math.trunc(low),
          size: sizes[(x + y * 3 + position) % 4] as number,
          values: Array(6).fill(value),
        };
      });
      yield { dtype, bound };
    }
}

const typesOf = (rule: Rule): readonly DType[] => rule.classes.flatMap((each) => TYPES[each]);

/** What is wrong with a rule: "" when nothing was found. */
function fault(rule: Rule, numRuns: number): string {
  for (const dtype of typesOf(rule))
    for (const edge of edges(rule, dtype)) {
      const found = difference(rule, edge);
      if (found) return found;
    }
  const fired = new Set<DType>();
  let wrong = "";
  for (const sample of fc.sample(tries(rule, 8), { numRuns, seed: 7 })) {
    const found = difference(rule, sample);
    if (found !== undefined) fired.add(sample.dtype);
    if (found) wrong ||= found;
  }
  const silent = typesOf(rule).filter((dtype) => !fired.has(dtype));
  return wrong || (silent.length > 0 ? `${rule.name} never fired on ${silent}` : "");
}

describe("every rule keeps the value, to the bit, and fires on each type", () => {
  it.each(allRules.map((rule) => [rule.name, rule] as const))("%s", (_, rule) => {
    expect(fault(rule, 400)).toBe("");
  });

  it("has a name of its own", () => {
    expect(new Set(allRules.map(({ name }) => name)).size).toBe(allRules.length);
  });
});

const {
  abs,
  add,
  c0,
  c1,
  choice,
  div,
  eq,
  floordiv,
  floormod,
  ge,
  gt,
  le,
  lt,
  max,
  min,
  mul,
  not,
  p,
  shl,
  shr,
  sub,
  truncdiv,
  truncmod,
  x,
  y,
  z,
} = words;

describe("a wrong rule is found", () => {
  const isBool = ({ classes, replacement }: Rule): boolean => {
    const compares =
      replacement.is === "binary" && ["eq", "ne", "lt", "le", "gt", "ge", "and", "or"].includes(replacement.op);
    return (
      compares || classes.every((each) => each === "bool") || (replacement.is === "unary" && replacement.op === "not")
    );
  };
  it.each(allRules.map((rule) => [rule.name, rule] as const))("%s with another right side", (name, rule) => {
    const wrong = isBool(rule) ? not(rule.replacement) : undefined;
    const numbers = rule.classes.filter((each) => each !== "bool");
    const planted: Rule = wrong
      ? { ...rule, replacement: wrong }
      : { ...rule, classes: numbers, replacement: add(rule.replacement, 1) };
    expect(fault(planted, 100)).toContain(`${name} on`);
  });

  const unguarded = [
    "float-div-power-of-two",
    "truncdiv-natural",
    "truncmod-natural",
    "floordiv-floordiv",
    "floormod-floormod",
    "floordiv-min",
    "floordiv-max",
    "abs-of-positive",
    "min-settled",
    "min-implied",
    "max-larger",
    "clamp-low-first",
    "floordiv-ramp-block",
    "floormod-ramp-block",
    "floordiv-ramp-multiple",
    "floormod-ramp-multiple",
  ];
  it.each(unguarded)("%s without its guard", (name) => {
    const own = allRules.find((each) => each.name === name) as Rule;
    expect(own.guard).toBeDefined();
    // The ranges of variables stay those of a guarded rule.
    expect(fault({ ...own, guard: () => true }, 400)).toContain(`${name} on`);
  });

  it.each<readonly [string, Rule]>([
    ["x + 0 of a float, for −0", rule("planted", "float", add(x, 0), x)],
    ["x · 0 of a float, for NaN", rule("planted", "float", mul(x, 0), 0)],
    ["x − x of a float, for infinity", rule("planted", "float", sub(x, x), 0)],
    ["x / x of a float", rule("planted", "float", div(x, x), 1)],
    ["x = x of a float, for NaN", rule("planted", "float", eq(x, x), true)],
    ["¬(x < y) of floats, for NaN", rule("planted", "float", not(lt(x, y)), ge(x, y))],
    ["a minimum of floats turned round, for NaN", rule("planted", "float", min(x, y), min(y, x))],
    ["x < x + 1 of an integer, for its largest", rule("planted", "integer", lt(x, add(x, 1)), true)],
    ["x + c > y + c of integers, for their ends", rule("planted", "integer", gt(add(x, c0), add(y, c0)), gt(x, y))],
    ["a shift there and back, for the bits that leave", rule("planted", "integer", shr(shl(x, 1), 1), x)],
    ["(x · c) / c of integers, for the bits that leave", rule("planted", "integer", truncdiv(mul(x, 2), 2), x)],
    ["|x| ≥ 0 of an integer, for its least", rule("planted", "integer", ge(abs(x), 0), true)],
    [
      "truncation for rounding down, for negative numbers",
      rule("planted", "index", floordiv(x, c0), truncdiv(x, c0), ({ number }) => number("c0") !== 0),
    ],
    [
      "the sign of a remainder",
      rule("planted", "index", truncmod(x, c0), floormod(x, c0), ({ number }) => number("c0") > 0),
    ],
    ["≤ for <", rule("planted", "index", not(lt(x, y)), gt(x, y))],
    [
      "a division of divisions added up",
      rule(
        "planted",
        "index",
        floordiv(floordiv(x, c0), c1),
        floordiv(x, add(c0, c1)),
        ({ number }) => number("c0") > 0 && number("c1") > 0,
      ),
    ],
    ["the other end of a clamp", rule("planted", "index", min(max(x, y), z), max(min(x, y), z))],
    ["the wrong arm", rule("planted", ["index", "float"], choice(not(p), x, y), choice(p, x, y))],
    ["a strict comparison", rule("planted", "index", le(x, y), lt(x, y))],
  ])("%s", (_, planted) => {
    expect(fault(planted, 400)).toContain("planted on");
  });

  it("that never fires", () => {
    expect(
      fault(
        rule("idle", "index", sub(x, y), 0, () => false),
        50,
      ),
    ).toBe("idle never fired on index");
  });
});
