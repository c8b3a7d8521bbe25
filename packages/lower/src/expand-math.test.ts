import { NO_SPAN } from "@tilewright/diagnostics";
import { type ArgumentValue, evaluate, interpret } from "@tilewright/interp";
import { build as b, buffer, type Expr, type IRModule, int, type UnaryOp, variable, visit } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import { SIMD128 } from "../test/gemm.js";
import { MATH_FUNCTIONS } from "./expand-math.js";
import { lower } from "./lower.js";

type FloatArray = Float32Array | Float64Array;

/** out[i] = make(x[i], y[i]), vectorized. */
function elementwise(length: number, dtype: "float32" | "float64", make: (x: Expr, y: Expr) => Expr): IRModule {
  const [X, Y, Z] = ["X", "Y", "Z"].map((name) => buffer(name, { dtype, shape: [length] })) as [
    ReturnType<typeof buffer>,
    ReturnType<typeof buffer>,
    ReturnType<typeof buffer>,
  ];
  const i = variable("i");
  const body = b.loop(i, int(0), int(length), b.store(Z, [i], make(b.load(X, [i]), b.load(Y, [i]))), "vectorized");
  const func = {
    kind: "PrimFunc" as const,
    span: NO_SPAN,
    name: "f",
    role: "kernel" as const,
    parameters: [X, Y, Z],
    mayAlias: [],
    body,
    attributes: {},
  };
  return { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
}

function run(
  dtype: "float32" | "float64",
  xs: readonly number[],
  ys: readonly number[],
  make: (x: Expr, y: Expr) => Expr,
): FloatArray {
  const { module } = lower(elementwise(xs.length, dtype, make), { capabilities: SIMD128 });
  visit(module, {
    Unary: ({ op }) => expect(MATH_FUNCTIONS).not.toHaveProperty(op),
    Binary: ({ op }) => expect(op).not.toBe("pow"),
  });
  const make1 = (from: readonly number[]): FloatArray =>
    dtype === "float32" ? Float32Array.from(from) : Float64Array.from(from);
  const out = make1(xs.map(() => 7));
  interpret(
    module,
    new Map<string, ArgumentValue>([
      ["X", make1(xs)],
      ["Y", make1(ys)],
      ["Z", out],
    ]),
    { detectRaces: false },
  );
  return out;
}

const scratch = new DataView(new ArrayBuffer(8));
/** The distance of neighbouring floats at `value`. */
function ulp(value: number, dtype: "float32" | "float64"): number {
  const a = Math.abs(value);
  if (dtype === "float32") {
    if (a >= 2 ** 128) return 2 ** 104;
    return 2 ** (Math.max(-126, Math.floor(Math.log2(Math.max(a, 2 ** -126)))) - 23);
  }
  scratch.setFloat64(0, a);
  return 2 ** Math.max(-1074, ((scratch.getUint32(0) >>> 20) & 0x7ff) - 1075);
}

function worst(
  dtype: "float32" | "float64",
  xs: readonly number[],
  ys: readonly number[],
  make: (x: Expr, y: Expr) => Expr,
  exact: (x: number, y: number) => number,
) {
  const out = run(dtype, xs, ys, make);
  let most = { error: 0, x: 0, y: 0, got: 0, expected: 0 };
  out.forEach((got, at) => {
    const x = dtype === "float32" ? Math.fround(xs[at] ?? 0) : (xs[at] ?? 0);
    const y = dtype === "float32" ? Math.fround(ys[at] ?? 0) : (ys[at] ?? 0);
    const expected = exact(x, y);
    const rounded = dtype === "float32" ? Math.fround(expected) : expected;
    if (Object.is(got, rounded)) return;
    const error =
      Number.isFinite(rounded) && Number.isFinite(got)
        ? Math.abs(got - expected) / ulp(expected, dtype)
        : Number.POSITIVE_INFINITY;
    if (error > most.error) most = { error, x, y, got, expected };
  });
  return most;
}

/** Evenly spaced numbers, jittered by a fixed sequence so that they are not all round. */
function sweep(from: number, to: number, count: number): number[] {
  let state = 12345;
  return Array.from({ length: count }, (_, step) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return from + ((to - from) * (step + state / 2147483648)) / count;
  });
}
const powersOfTwo = (low: number, high: number): number[] =>
  Array.from({ length: high - low }, (_, step) => 2 ** (low + step) * (1 + ((step * 37) % 64) / 64));
const signed = (xs: readonly number[]): number[] => xs.flatMap((x) => [x, -x]);

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2 ** -149,
  -(2 ** -149),
  2 ** -126,
  3e38,
  -3e38,
  1e-40,
];
const reference =
  (op: UnaryOp) =>
  (x: number): number =>
    evaluate(b.unary(op, b.const(x, "float64"))) as unknown as number;

interface Case {
  readonly op: UnaryOp;
  readonly exact: (x: number) => number;
  readonly float32: readonly number[];
  readonly float64: readonly number[];
  readonly ulps32: number;
  readonly ulps64: number;
}
const N = 4000;
const CASES: readonly Case[] = [
  {
    op: "exp",
    exact: Math.exp,
    ulps32: 2,
    ulps64: 2,
    float32: [...sweep(-104, 89, N), ...sweep(-1, 1, N)],
    float64: [...sweep(-746, 710, N), ...sweep(-1, 1, N)],
  },
  {
    op: "log",
    exact: Math.log,
    ulps32: 1.5,
    ulps64: 2,
    float32: [...powersOfTwo(-149, 128), ...sweep(0.5, 2, N), ...sweep(0, 1000, N)],
    float64: [...powersOfTwo(-1074, 1024), ...sweep(0.5, 2, N)],
  },
  {
    op: "tanh",
    exact: Math.tanh,
    ulps32: 2.5,
    ulps64: 2.5,
    float32: [...sweep(-10, 10, N), ...sweep(-0.7, 0.7, N), ...signed(powersOfTwo(-149, 5))],
    float64: [...sweep(-20, 20, N), ...sweep(-0.7, 0.7, N)],
  },
  {
    op: "sigmoid",
    exact: reference("sigmoid"),
    ulps32: 3,
    ulps64: 3,
    float32: [...sweep(-104, 40, N), ...sweep(-4, 4, N)],
    float64: [...sweep(-700, 40, N), ...sweep(-4, 4, N)],
  },
  {
    op: "erf",
    exact: reference("erf"),
    ulps32: 2.5,
    ulps64: 12,
    float32: [...sweep(-4.2, 4.2, N), ...sweep(-1, 1, N), ...signed(powersOfTwo(-149, 5))],
    float64: [...sweep(-6.5, 6.5, N), ...sweep(-1, 1, N)],
  },
  {
    op: "sin",
    exact: Math.sin,
    ulps32: 2,
    ulps64: 2,
    float32: [...sweep(-10, 10, N), ...sweep(-1000, 1000, N)],
    float64: [...sweep(-10, 10, N), ...sweep(-1e6, 1e6, N)],
  },
  {
    op: "cos",
    exact: Math.cos,
    ulps32: 2,
    ulps64: 2,
    float32: [...sweep(-10, 10, N), ...sweep(-1000, 1000, N)],
    float64: [...sweep(-10, 10, N), ...sweep(-1e6, 1e6, N)],
  },
];

describe("expanded math functions", () => {
  it.each(CASES)("$op stays within its stated error in float32", ({ op, exact, float32, ulps32 }) => {
    const found = worst("float32", float32, float32, (x) => b.unary(op, x), exact);
    expect(found, JSON.stringify(found)).toMatchObject({ error: expect.toSatisfy((error: number) => error <= ulps32) });
  });

  it.each(CASES)("$op stays within its stated error in float64", ({ op, exact, float64, ulps64 }) => {
    const found = worst("float64", float64, float64, (x) => b.unary(op, x), exact);
    expect(found, JSON.stringify(found)).toMatchObject({ error: expect.toSatisfy((error: number) => error <= ulps64) });
  });

  it.each(["float32", "float64"] as const)("special values are those of the standard in %s", (dtype) => {
    for (const { op, exact } of CASES) {
      const xs = SPECIAL.filter((x) => (op !== "sin" && op !== "cos") || !(Math.abs(x) > 1e30 && Number.isFinite(x)));
      const out = run(dtype, xs, xs, (x) => b.unary(op, x));
      xs.forEach((x, at) => {
        const given = dtype === "float32" ? Math.fround(x) : x;
        const expected = dtype === "float32" ? Math.fround(exact(given)) : exact(given);
        const got = out[at] ?? 0;
        const close =
          Object.is(got, expected) ||
          (Number.isFinite(expected) && expected !== 0 && Math.abs(got - expected) <= 3 * ulp(expected, dtype));
        expect(close, `${op}(${given}) gave ${got}, expected ${expected}`).toBe(true);
      });
    }
  });
});

describe("pow", () => {
  const exact = (x: number, y: number): number =>
    x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y;
  it("stays within its stated error in float32", () => {
    const xs = [...sweep(0.001, 10, N), ...sweep(0.9, 1.1, N), ...powersOfTwo(-149, 128), ...sweep(-10, 0, 500)];
    const ys = [
      ...sweep(-12, 12, N),
      ...sweep(-900, 900, N),
      ...powersOfTwo(-149, 128).map((_, at) => (at % 7) / 3 - 1),
      ...sweep(-10, 10, 500).map(Math.round),
    ];
    const found = worst("float32", xs, ys, (x, y) => b.binary("pow", x, y), exact);
    expect(found, JSON.stringify(found)).toMatchObject({ error: expect.toSatisfy((error: number) => error <= 3) });
  });

  it("stays within its stated error in float64", () => {
    const xs = [...sweep(0.001, 10, N), ...sweep(0.9, 1.1, N), ...powersOfTwo(-1074, 1024), ...sweep(-10, 0, 500)];
    const ys = [
      ...sweep(-90, 90, N),
      ...sweep(-6000, 6000, N),
      ...powersOfTwo(-1074, 1024).map((_, at) => (at % 7) / 3 - 1),
      ...sweep(-10, 10, 500).map(Math.round),
    ];
    const found = worst("float64", xs, ys, (x, y) => b.binary("pow", x, y), exact);
    expect(found, JSON.stringify(found)).toMatchObject({ error: expect.toSatisfy((error: number) => error <= 16) });
  });

  it("has the special values of C", () => {
    const values = [
      0,
      -0,
      1,
      -1,
      0.5,
      -0.5,
      2,
      -2,
      3,
      -3,
      2.5,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
      Number.NaN,
    ];
    const xs = values.flatMap((x) => values.map(() => x));
    const ys = values.flatMap(() => values);
    for (const dtype of ["float32", "float64"] as const) {
      const out = run(dtype, xs, ys, (x, y) => b.binary("pow", x, y));
      xs.forEach((x, at) => {
        const expected = exact(x, ys[at] ?? 0);
        const got = out[at] ?? 0;
        const close =
          Object.is(got, expected) || (expected !== 0 && Math.abs(got - expected) <= 3 * ulp(expected, dtype));
        expect(close, `${x} ** ${ys[at]} gave ${got}, expected ${expected} in ${dtype}`).toBe(true);
      });
    }
  });
});
