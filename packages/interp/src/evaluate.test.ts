import { build as b, type DType, type Expr, type UnaryOp, type Var, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorOf } from "../test/programs.js";
import { bfloat16Bits, bfloat16OfBits, evaluate, float16Bits, float16OfBits, type Value } from "./index.js";

const c = (value: number | bigint | boolean, dtype: DType): Expr => b.const(value, dtype);
const binary = (op: Parameters<typeof b.binary>[0], dtype: DType, x: number | bigint, y: number | bigint): Value =>
  evaluate(b.binary(op, c(x, dtype), c(y, dtype)));
const unary = (op: UnaryOp, dtype: DType, x: number | bigint): Value => evaluate(b.unary(op, c(x, dtype)));
const cast = (x: number | bigint | boolean, from: DType, to: DType): Value => evaluate(b.cast(c(x, from), to));

describe("integers", () => {
  it.each([
    ["add", "int8", 127, 1, -128],
    ["sub", "uint8", 0, 1, 255],
    ["mul", "int32", 65537, 65537, 131073],
    ["mul", "uint32", 4294967295, 4294967295, 1],
    ["mul", "int64", 2n ** 62n, 4n, 0n],
    ["add", "uint64", 2n ** 64n - 1n, 2n, 1n],
    ["add", "int4", 7, 1, -8],
    ["sub", "uint2", 0, 1, 3],
  ] as const)("wrap: %s of %s", (op, dtype, x, y, expected) => expect(binary(op, dtype, x, y)).toBe(expected));

  it.each(["int8", "int32", "int64", "index"] as const)("divide down and to zero, and by zero give 0: %s", (dtype) => {
    const n = (value: number) => (dtype === "int64" ? BigInt(value) : value);
    const results = (x: number, y: number) =>
      (["floordiv", "floormod", "truncdiv", "truncmod"] as const).map((op) => binary(op, dtype, n(x), n(y)));
    expect(results(-7, 2)).toEqual([-4, 1, -3, -1].map(n));
    expect(results(7, -2)).toEqual([-4, -1, -3, 1].map(n));
    expect(results(-7, -2)).toEqual([3, -1, 3, -1].map(n));
    expect(results(7, 0)).toEqual([0, 0, 0, 0].map(n));
    expect(results(-6, 3).map((value) => Object.is(value, -0))).toEqual([false, false, false, false]);
  });

  it("wrap the least value divided by -1, negated, or taken absolutely", () => {
    expect(binary("truncdiv", "int32", -(2 ** 31), -1)).toBe(-(2 ** 31));
    expect(binary("floordiv", "int64", -(2n ** 63n), -1n)).toBe(-(2n ** 63n));
    expect(binary("truncmod", "int32", -(2 ** 31), -1)).toBe(0);
    expect(unary("neg", "int8", -128)).toBe(-128);
    expect(unary("abs", "int16", -32768)).toBe(-32768);
    expect(unary("bitnot", "uint8", 5)).toBe(250);
    expect(unary("bitnot", "int64", 5n)).toBe(-6n);
  });

  it("shift by the amount modulo the width, arithmetically where signed", () => {
    expect(binary("shl", "int32", 1, 33)).toBe(2);
    expect(binary("shl", "uint8", 129, 9)).toBe(2);
    expect(binary("shr", "int8", -128, 7)).toBe(-1);
    expect(binary("shr", "uint32", 4294967295, 31)).toBe(1);
    expect(binary("shr", "int64", -8n, 65n)).toBe(-4n);
    expect(binary("shl", "uint64", 1n, -1n & 63n)).toBe(2n ** 63n);
    expect(binary("shl", "int4", 1, 5)).toBe(2);
  });

  it("combine bits", () => {
    expect(binary("bitand", "uint32", 4294967295, 2 ** 31)).toBe(2 ** 31);
    expect(binary("bitor", "int8", -128, 1)).toBe(-127);
    expect(binary("bitxor", "uint64", 2n ** 64n - 1n, 1n)).toBe(2n ** 64n - 2n);
  });
});

describe("index", () => {
  it("never wraps: what leaves ±2^53 is an error", () => {
    expect(binary("mul", "index", 2 ** 26, 2 ** 26)).toBe(2 ** 52);
    const error = errorOf(() => binary("mul", "index", 2 ** 27, 2 ** 26));
    expect(error?.code).toBe("IP302");
    expect(error?.message).toContain("`mul` of type index leaves ±2^53");
    expect(errorOf(() => cast(2n ** 60n, "int64", "index"))?.code).toBe("IP302");
  });
});

describe("floats", () => {
  it("are rounded after every operation", () => {
    expect(binary("add", "float32", 16777216, 1)).toBe(16777216);
    expect(binary("add", "float64", 16777216, 1)).toBe(16777217);
    expect(binary("add", "float16", 2048, 1)).toBe(2048);
    expect(binary("add", "float16", 2049 - 1, 3)).toBe(2052);
    expect(binary("mul", "bfloat16", 1.0078125, 1.0078125)).toBe(1.015625);
    expect(binary("mul", "float16", 60000, 2)).toBe(Number.POSITIVE_INFINITY);
    expect(binary("mul", "float32", 1e-38, 0.01)).toBe(Math.fround(Math.fround(1e-38) * Math.fround(0.01)));
    expect(evaluate(b.add(c(16777216, "float32"), c(1, "float32")), new Map(), { precision: "float64" })).toBe(
      16777217,
    );
  });

  it("have min and max that keep the first operand unless the second is truly less or greater", () => {
    expect(binary("min", "float32", Number.NaN, 1)).toBeNaN();
    expect(binary("min", "float32", 1, Number.NaN)).toBe(1);
    expect(binary("max", "float32", Number.NaN, 1)).toBeNaN();
    expect(binary("max", "float32", 1, Number.NaN)).toBe(1);
    expect(binary("min", "float64", -0, 0)).toBe(-0);
    expect(binary("min", "float64", 0, -0)).toBe(0);
    expect(binary("max", "float64", -0, 0)).toBe(-0);
    expect(binary("max", "int32", -3, 5)).toBe(5);
  });

  it("compare as IEEE says", () => {
    const nan = Number.NaN;
    expect((["eq", "lt", "le", "gt", "ge"] as const).map((op) => binary(op, "float32", nan, nan))).toEqual(
      new Array(5).fill(false),
    );
    expect(binary("ne", "float32", nan, nan)).toBe(true);
    expect(binary("eq", "float32", -0, 0)).toBe(true);
  });

  it("round halves to even, and keep the sign of zero", () => {
    const rounded = [0.5, 1.5, 2.5, -0.5, -1.5, 2.4999, 1e300].map((value) => unary("round", "float64", value));
    expect(rounded).toEqual([0, 2, 2, -0, -2, 2, 1e300]);
    expect((["floor", "ceil", "trunc"] as const).map((op) => unary(op, "float64", -0.5))).toEqual([-1, -0, -0]);
    expect(unary("neg", "float32", 0)).toBe(-0);
  });

  it("have math functions accurate to double precision, rounded", () => {
    const erf = [[1e-10, 1.1283791670955126e-10], [0.1, 0.1124629160182849], [0.25, 0.2763263901682369], [0.5, 0.5204998778130465], [0.75, 0.7111556336535151], [0.9, 0.7969082124228322], [1.0, 0.8427007929497149], [1.25, 0.9229001282564582], [1.5, 0.9661051464753108], [1.9, 0.9927904292352575], [1.999, 0.9953015566513705], [2.0, 0.9953222650189527], [2.1, 0.997020533343667], [2.5, 0.999593047982555], [3.0, 0.9999779095030014], [3.7, 0.9999998328489421], [4.5, 0.9999999998033839], [5.5, 0.9999999999999927], [6.5, 1.0]] as const; // biome-ignore format: a table
    for (const [x, expected] of erf) {
      expect(Math.abs((unary("erf", "float64", x) as number) - expected)).toBeLessThan(1e-15);
      expect(unary("erf", "float64", -x)).toBe(-(unary("erf", "float64", x) as number));
    }
    expect(unary("exp", "float32", 1)).toBe(Math.fround(Math.E));
    expect(unary("sigmoid", "float64", 0)).toBe(0.5);
    expect(unary("exp", "float64", 0)).toBe(1);
    expect(unary("tanh", "float64", -0)).toBe(-0);
    expect(binary("pow", "float64", 1, Number.NaN)).toBe(1);
    expect(binary("pow", "float64", -1, Number.POSITIVE_INFINITY)).toBe(1);
    expect(binary("pow", "float64", 2, -2)).toBe(0.25);
  });

  it("of sixteen bits survive their encoding, all of them", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      for (const [encode, decode] of [
        [float16Bits, float16OfBits],
        [bfloat16Bits, bfloat16OfBits],
      ] as const) {
        const value = decode(bits);
        if (!Number.isNaN(value)) expect(encode(value)).toBe(bits);
      }
    }
  });
});

describe("conversions", () => {
  it("from floats truncate and saturate, and NaN gives 0", () => {
    expect(["int8", "uint8", "int32", "uint32"].map((to) => cast(-3.9, "float64", to as DType))).toEqual([
      -3, 0, -3, 0,
    ]);
    expect(["int8", "uint8", "int32", "uint32"].map((to) => cast(1e20, "float64", to as DType))).toEqual([
      127, 255, 2147483647, 4294967295,
    ]);
    expect(cast(1e30, "float32", "int64")).toBe(2n ** 63n - 1n);
    expect(cast(Number.NEGATIVE_INFINITY, "float32", "int64")).toBe(-(2n ** 63n));
    expect(cast(Number.NaN, "float32", "int32")).toBe(0);
    expect(cast(Number.NaN, "float32", "index")).toBe(0);
    expect(cast(Number.NaN, "float32", "bool")).toBe(true);
  });

  it("between integers wrap, extending the sign of signed sources", () => {
    expect(cast(-1, "int8", "uint32")).toBe(4294967295);
    expect(cast(300, "int32", "uint8")).toBe(44);
    expect(cast(2n ** 33n + 5n, "int64", "int32")).toBe(5);
    expect(cast(-1, "int8", "uint64")).toBe(2n ** 64n - 1n);
    expect(cast(true, "bool", "int64")).toBe(1n);
  });

  it("to floats round once", () => {
    expect(cast(16777217, "int32", "float32")).toBe(16777216);
    expect(cast(2n ** 60n + 2n ** 36n + 1n, "int64", "float32")).toBe(2 ** 60 + 2 ** 37);
    expect(cast(2n ** 63n - 1n, "int64", "float64")).toBe(2 ** 63);
    expect(cast(1 + 2 ** -11 + 2 ** -40, "float64", "float16")).toBe(1 + 2 ** -10);
    expect(cast(1 + 2 ** -8 + 2 ** -40, "float64", "bfloat16")).toBe(1 + 2 ** -7);
    expect(cast(65520, "float64", "float16")).toBe(Number.POSITIVE_INFINITY);
    expect(cast(65519, "float64", "float16")).toBe(65504);
    expect(cast(2 ** -25, "float64", "float16")).toBe(0);
    expect(cast(2 ** -24 * 1.5, "float64", "float16")).toBe(2 ** -23);
  });

  it("of bits keep the bits", () => {
    const reinterpret = (x: number | bigint, from: DType, to: DType) => evaluate(b.reinterpret(c(x, from), to));
    expect(reinterpret(1, "float32", "int32")).toBe(0x3f800000);
    expect(reinterpret(0x3f800000, "int32", "float32")).toBe(1);
    expect(reinterpret(-2, "float64", "uint64")).toBe(0xc000000000000000n);
    expect(reinterpret(1, "float16", "uint16")).toBe(0x3c00);
    expect(reinterpret(200, "uint8", "int8")).toBe(-56);
    expect(errorOf(() => reinterpret(1, "float32", "int16"))?.code).toBe("IP202");
  });
});

describe("expressions", () => {
  const x: Var = variable("x");

  it("of vectors work lane by lane", () => {
    const ramp = b.ramp(b.int(3), b.int(2), 4);
    expect(evaluate(b.add(ramp, b.broadcast(b.int(10), 4)))).toEqual([13, 15, 17, 19]);
    expect(evaluate(b.shuffle([ramp, ramp], [0, 7, 2]))).toEqual([3, 9, 7]);
    expect(evaluate(b.shuffle([ramp], [2]))).toBe(7);
    expect(evaluate(b.ramp(c(120, "int8"), c(5, "int8"), 3))).toEqual([120, 125, -126]);
    const odd = b.binary(
      "eq",
      b.binary("floormod", b.ramp(b.int(0), b.int(1), 4), b.broadcast(b.int(2), 4)),
      b.broadcast(b.int(1), 4),
    );
    expect(evaluate(b.select(odd, ramp, b.broadcast(b.int(0), 4)))).toEqual([0, 5, 0, 9]);
  });

  it("evaluate only the chosen arm of IfThenElse, and both of Select", () => {
    const overflow = b.mul(b.mul(x, x), x);
    const small = b.binary("lt", x, b.int(10));
    const environment = new Map([[x, 2 ** 20]]);
    expect(evaluate(b.ifThenElse(small, overflow, x), environment)).toBe(2 ** 20);
    expect(errorOf(() => evaluate(b.select(small, overflow, x), environment))?.code).toBe("IP302");
  });

  it("that share nodes take time in their distinct nodes", () => {
    let square: Expr = variable("y", "int32");
    const environment = new Map([[square as Var, 3]]);
    for (let k = 0; k < 64; k++) square = b.mul(square, square);
    let expected = 3;
    for (let k = 0; k < 64; k++) expected = Math.imul(expected, expected);
    expect(evaluate(square, environment)).toBe(expected);
  });

  it("nested some thousand deep are evaluated, deeper ones end in an error", () => {
    const chain = (depth: number): Expr => Array.from({ length: depth }).reduce<Expr>((sum) => b.add(sum, b.int(1)), x);
    expect(evaluate(chain(3000), new Map([[x, 0]]))).toBe(3000);
    expect(errorOf(() => evaluate(chain(50_000), new Map([[x, 0]])))?.code).toBe("IP206");
  });

  it("with an unknown variable, an operator that the type lacks, or a foreign intrinsic end in an error", () => {
    expect(errorOf(() => evaluate(x))?.code).toBe("IP201");
    expect(errorOf(() => binary("div", "int32", 1, 2))?.code).toBe("IP202");
    expect(errorOf(() => unary("exp", "int32", 1))?.code).toBe("IP202");
    expect(errorOf(() => evaluate({ ...b.add(x, x), right: c(1, "int32") } as Expr, new Map([[x, 1]])))?.code).toBe(
      "IP202",
    );
    expect(errorOf(() => evaluate(b.call("no.such", [], "int32")))?.code).toBe("IP203");
  });

  it("call intrinsics", () => {
    const call = b.call("twice", [c(21, "int32")], "int32");
    expect(evaluate(call, new Map(), { intrinsics: { twice: (value) => 2 * (value as number) } })).toBe(42);
  });

  it("satisfy x = floordiv(x, y) · y + floormod(x, y), with a remainder of the divisor's sign", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: -1000, max: 1000 }), (n, d) => {
        fc.pre(d !== 0);
        const [quotient, rest] = (["floordiv", "floormod"] as const).map(
          (op) => binary(op, "index", n, d) as number,
        ) as [number, number];
        expect(quotient * d + rest).toBe(n);
        expect(rest === 0 || rest > 0 === d > 0).toBe(true);
        expect(Math.abs(rest)).toBeLessThan(Math.abs(d));
      }),
    );
  });
});
