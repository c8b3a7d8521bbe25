import {
  ARITHMETIC_OPS,
  type BinaryOp,
  type Buffer,
  build as b,
  bitsOf,
  COMPARE_OPS,
  DTYPES,
  type DType,
  type Expr,
  isFloat,
  isInteger,
  type UnaryOp,
} from "@tilewright/ir";
import { sharedLibrary } from "@tilewright/toolchain-c";
import { describe, expect, it } from "vitest";
import { elementwise } from "../test/operator-trials.js";
import { differences, type Trial, tools } from "../test/run-native.js";
import { c } from "./index.js";

const TYPES = DTYPES.filter((dtype) => dtype !== "index" && bitsOf(dtype) >= 8);
const DIVISIONS: readonly BinaryOp[] = ["floordiv", "floormod", "truncdiv", "truncmod"];
const INTEGER_ONLY: readonly BinaryOp[] = [...DIVISIONS, "bitand", "bitor", "bitxor", "shl", "shr"];
const UNARY: readonly UnaryOp[] = ["neg", "not", "bitnot", "abs", "floor", "ceil", "round", "trunc", "sqrt"];

function defined(op: BinaryOp, dtype: DType): boolean {
  if ((COMPARE_OPS as readonly BinaryOp[]).includes(op)) return true;
  if (op === "pow") return false;
  if (op === "and" || op === "or") return dtype === "bool";
  if (dtype === "bool") return false;
  if (op === "div") return isFloat(dtype);
  return INTEGER_ONLY.includes(op) ? isInteger(dtype) : true;
}

function definedUnary(op: UnaryOp, dtype: DType): boolean {
  if (op === "not") return dtype === "bool";
  if (op === "bitnot") return isInteger(dtype);
  return isFloat(dtype) || (isInteger(dtype) && (op === "neg" || op === "abs"));
}

function trialsOf(dtype: DType, widths: readonly number[]): readonly Trial[] {
  const unary = UNARY.filter((op) => definedUnary(op, dtype));
  const binary = [...ARITHMETIC_OPS, ...COMPARE_OPS].filter((op) => defined(op, dtype));
  const result = (op: BinaryOp): DType => ((COMPARE_OPS as readonly string[]).includes(op) ? "bool" : dtype);
  const source = (x: Expr | undefined): Buffer => (x as Expr & { readonly kind: "Load" }).buffer;
  return widths.flatMap((lanes) => {
    const each = Array.from({ length: lanes }, (_, lane) => lane);
    const fixed = (value: number, of: DType): Expr => b.broadcast(b.const(value, of), lanes);
    const divisors = isInteger(dtype) ? [1, 2, 3, 8, 100, 0, ...(dtype.startsWith("u") ? [] : [-1, -3, -8])] : [];
    const byConstant = divisors.flatMap((divisor) =>
      DIVISIONS.map((op) =>
        elementwise(`${op} by ${divisor}`, [dtype], dtype, lanes, (x) =>
          b.binary(op, x as Expr, fixed(divisor, dtype)),
        ),
      ),
    );
    const shifts = isInteger(dtype)
      ? [0, 3, 63].map((amount) =>
          elementwise(`shl by ${amount}`, [dtype], dtype, lanes, (x) =>
            b.binary("shl", x as Expr, fixed(amount, dtype)),
          ),
        )
      : [];
    const vectors =
      lanes === 1
        ? []
        : [
            elementwise("stride 3", [dtype], dtype, lanes, (x) =>
              b.load(source(x), [b.ramp(b.int(1), b.int(3), lanes)]),
            ),
            elementwise("backwards", [dtype], dtype, lanes, (x) =>
              b.load(source(x), [b.ramp(b.int(40), b.int(-1), lanes)]),
            ),
            elementwise("reverse", [dtype], dtype, lanes, (x) => b.shuffle([x as Expr], [...each].reverse())),
            elementwise("interleave", [dtype, dtype], dtype, lanes, (x, y) =>
              b.shuffle(
                [x as Expr, y as Expr],
                each.map((k) => (k % 2) * lanes + (k >> 1)),
              ),
            ),
            elementwise("one lane", [dtype], dtype, lanes, (x) =>
              b.broadcast(b.shuffle([x as Expr], [lanes - 1]), lanes),
            ),
            elementwise("three vectors", [dtype, dtype, dtype], dtype, lanes, (x, y, z) =>
              b.shuffle(
                [x as Expr, y as Expr, z as Expr],
                each.map((k) => (k * lanes + k) % (3 * lanes)),
              ),
            ),
            elementwise("predicated", [dtype, "int16"], dtype, lanes, (x, y) =>
              b.load(source(x), [b.ramp(b.int(5), b.int(1), lanes)], b.binary("lt", y as Expr, fixed(3, "int16"))),
            ),
            elementwise("gathered", [dtype, "int32"], dtype, lanes, (x, y) =>
              b.load(source(x), [b.cast(b.binary("bitand", y as Expr, fixed(31, "int32")), "index")]),
            ),
            elementwise("guarded", [dtype, "int32"], dtype, lanes, (x, y) =>
              b.ifThenElse(
                b.binary("lt", y as Expr, fixed(3, "int32")),
                b.load(source(x), [b.ramp(b.int(2), b.int(1), lanes)]),
                fixed(1, dtype),
              ),
            ),
            ...(isInteger(dtype)
              ? [
                  elementwise("ramp", [dtype], dtype, lanes, (x) =>
                    b.add(x as Expr, b.ramp(b.const(3, dtype), b.const(2, dtype), lanes)),
                  ),
                ]
              : []),
          ];
    return [
      ...unary.map((op) => elementwise(op, [dtype], dtype, lanes, (x) => b.unary(op, x as Expr))),
      ...binary.map((op) =>
        elementwise(op, [dtype, dtype], result(op), lanes, (x, y) => b.binary(op, x as Expr, y as Expr)),
      ),
      ...TYPES.map((to) => elementwise(`cast to ${to}`, [dtype], to, lanes, (x) => b.cast(x as Expr, to))),
      ...TYPES.filter((to) => bitsOf(to) === bitsOf(dtype) && to !== "bool").map((to) =>
        elementwise(`as ${to}`, [dtype], to, lanes, (x) => b.reinterpret(x as Expr, to)),
      ),
      ...TYPES.map((by) =>
        elementwise(`select by ${by}`, [dtype, dtype, by], dtype, lanes, (x, y, z) =>
          b.select(b.binary("ne", z as Expr, fixed(0, by)), x as Expr, y as Expr),
        ),
      ),
      elementwise("scalar select", [dtype, dtype], dtype, lanes, (x, y) =>
        b.select(b.binary("lt", b.load(source(x), [b.int(0)]), b.load(source(y), [b.int(1)])), x as Expr, y as Expr),
      ),
      ...byConstant,
      ...shifts,
      ...vectors,
    ];
  });
}

/** Scalars, vectors narrower and wider than a register, and (3) such as C does not have. */
describe.each([
  ["clang", "gnu", [1, 3, 8, 16]],
  ["gcc", "gnu", [1, 2, 8]],
  ["gcc", "c99", [1, 4]],
] as const)(
  "%s, %s: operators agree with the interpreter on edge cases, in every width",
  (compiler, dialect, widths) => {
    it.runIf(tools.includes(compiler)).each(TYPES)("of %s", async (dtype) => {
      const toolchain = sharedLibrary({ compiler, cache: false, optimization: 1 });
      const found = await differences(c({ dialect }), toolchain, trialsOf(dtype, widths));
      expect(found.slice(0, 8).join("\n\n")).toBe("");
    });
  },
);
