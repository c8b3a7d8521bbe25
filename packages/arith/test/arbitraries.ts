import { evaluate as interpret } from "@tilewright/interp";
import { build, constant, type DType, type Expr, isFloat, isWide, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import type { Interval } from "../src/interval.js";
import { roundTo } from "../src/round.js";

/** Variables of an expression with the values that they may take. */
export interface Domains {
  readonly ranges: ReadonlyMap<Var, Interval>;
}

const EDGES: readonly number[] = [
  0,
  -0,
  1,
  -1,
  0.5,
  2,
  3,
  1e-3,
  65504,
  3e38,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
];

/** A value of a data type, edges included. */
export function valuesOf(dtype: DType): fc.Arbitrary<number | bigint | boolean> {
  if (dtype === "bool") return fc.boolean();
  if (isFloat(dtype))
    return fc
      .oneof(
        fc.constantFrom(...EDGES),
        fc.integer({ min: -64, max: 64 }).map((n) => n / 4),
      )
      .map((value) => roundTo(value, dtype));
  if (dtype === "index") return fc.integer({ min: -40, max: 40 });
  const bits = BigInt(dtype.replace(/\D/g, ""));
  const low = dtype.startsWith("u") ? 0n : -(1n << (bits - 1n));
  const high = low + (1n << bits) - 1n;
  const near = fc.bigInt({ min: low < -9n ? -9n : low, max: 9n });
  const any = fc.oneof(near, fc.constantFrom(low, high), fc.bigInt({ min: low, max: high }));
  return isWide(dtype) ? any : any.map(Number);
}

/** `index` variables with small ranges, some of one value, some unbounded above. */
export function indexVariables(
  count: number,
): fc.Arbitrary<{ readonly variables: readonly Var[]; readonly ranges: Map<Var, Interval> }> {
  const range = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.oneof(fc.nat(12), fc.constantFrom(0, 3, 7, 15)));
  return fc.array(range, { minLength: count, maxLength: count }).map((ranges) => {
    const variables = ranges.map((_, position) => variable(`v${position}`));
    const known = ranges.map(([min, size], position): [Var, Interval] => [
      variables[position] as Var,
      { min, max: min + size },
    ]);
    return { variables, ranges: new Map(known) };
  });
}

/** A value for each variable, inside its range. */
export function assignment(ranges: ReadonlyMap<Var, Interval>, picks: readonly number[]): Map<Var, number> {
  let position = 0;
  const pick = (): number => picks[position++ % picks.length] ?? 0;
  return new Map([...ranges].map(([each, { min, max }]) => [each, min + (pick() % (max - min + 1))]));
}

const divisor = fc.constantFrom(1, 2, 3, 4, 6, 8, 12, 16);
const OPERATORS = [
  "add",
  "add",
  "sub",
  "mul",
  "floordiv",
  "floormod",
  "floordiv",
  "floormod",
  "min",
  "max",
  "select",
  "truncdiv",
  "truncmod",
] as const;

/** Scalar `index` expressions over variables; divisors are positive constants, so that every expression has a value. */
export function indexExpr(variables: readonly Var[], depth: number): fc.Arbitrary<Expr> {
  const leaf: fc.Arbitrary<Expr> = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...variables) },
    { weight: 1, arbitrary: fc.integer({ min: -9, max: 17 }).map((n) => constant(n, "index")) },
  );
  if (depth === 0) return leaf;
  const below = indexExpr(variables, depth - 1);
  const small = fc.integer({ min: -4, max: 8 }).map((n) => constant(n, "index"));
  const node = fc.constantFrom(...OPERATORS).chain((op): fc.Arbitrary<Expr> => {
    if (op === "select") {
      return fc
        .tuple(condition(variables, depth - 1), below, below, fc.boolean())
        .map(([test, a, b, lazy]) => (lazy ? build.ifThenElse(test, a, b) : build.select(test, a, b)));
    }
    if (op === "mul")
      return fc
        .tuple(below, fc.oneof({ weight: 5, arbitrary: small }, { weight: 1, arbitrary: leaf }))
        .map(([a, b]) => build.mul(a, b));
    if (op.startsWith("floor") || op.startsWith("trunc"))
      return fc.tuple(below, divisor).map(([a, d]) => build.binary(op, a, constant(d, "index")));
    return fc.tuple(below, below).map(([a, b]) => build.binary(op, a, b));
  });
  return fc.oneof({ weight: 1, arbitrary: leaf }, { weight: 4, arbitrary: node });
}

/** Conditions over `index` expressions. */
export function condition(variables: readonly Var[], depth: number): fc.Arbitrary<Expr> {
  const operand = indexExpr(variables, Math.max(0, depth));
  const compare = fc
    .tuple(fc.constantFrom("eq", "ne", "lt", "le", "gt", "ge"), operand, operand)
    .map(([op, a, b]) => build.binary(op as "lt", a, b));
  if (depth <= 0) return compare;
  const below = condition(variables, depth - 1);
  return fc.oneof(
    { weight: 3, arbitrary: compare },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("and", "or"), below, below)
        .map(([op, a, b]) => build.binary(op as "and", a, b)),
    },
    { weight: 1, arbitrary: below.map((a) => build.unary("not", a)) },
  );
}

/** Every integer point of a box. */
export function points(box: readonly (readonly [Var, Interval])[]): ReadonlyMap<Var, number>[] {
  let found: Map<Var, number>[] = [new Map()];
  for (const [each, { min, max }] of box) {
    const values = Array.from({ length: max - min + 1 }, (_, k) => min + k);
    found = found.flatMap((point) => values.map((value) => new Map([...point, [each, value]])));
  }
  return found;
}

/** Number of nodes, shared ones once for each use. */
export function sizeOf(expr: Expr): number {
  switch (expr.kind) {
    case "Binary":
      return 1 + sizeOf(expr.left) + sizeOf(expr.right);
    case "Unary":
    case "Cast":
    case "Broadcast":
      return 1 + sizeOf(expr.operand);
    case "Select":
    case "IfThenElse":
      return 1 + sizeOf(expr.condition) + sizeOf(expr.whenTrue) + sizeOf(expr.whenFalse);
    case "Ramp":
      return 1 + sizeOf(expr.base) + sizeOf(expr.stride);
    default:
      return 1;
  }
}

/** An expression as text, for failures. */
export function show(expr: Expr): string {
  switch (expr.kind) {
    case "Const":
      return String(expr.value);
    case "Var":
      return expr.name;
    case "Binary":
      return `(${show(expr.left)} ${expr.op} ${show(expr.right)})`;
    case "Unary":
      return `${expr.op}(${show(expr.operand)})`;
    case "Select":
    case "IfThenElse":
      return `${expr.kind}(${show(expr.condition)}, ${show(expr.whenTrue)}, ${show(expr.whenFalse)})`;
    case "Ramp":
      return `ramp(${show(expr.base)}, ${show(expr.stride)}, ${expr.lanes})`;
    case "Broadcast":
      return `broadcast(${show(expr.operand)}, ${expr.lanes})`;
    case "Cast":
      return `${expr.dtype}(${show(expr.operand)})`;
    default:
      return expr.kind;
  }
}

type Values = NonNullable<Parameters<typeof interpret>[1]>;
/** The reference value. Integers have one zero. */
export function evaluate(expr: Expr, environment: Values): ReturnType<typeof interpret> {
  const value = interpret(expr, environment);
  const plain = (lane: typeof value): typeof value => (lane === 0 && !isFloat(expr.dtype) ? 0 : lane);
  return Array.isArray(value) ? value.map((lane) => plain(lane) as number) : plain(value);
}
