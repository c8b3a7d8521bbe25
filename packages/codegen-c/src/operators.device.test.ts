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

function trialsOf(dtype: DType, lanes: number): readonly Trial[] {
  const unary = UNARY.filter((op) => definedUnary(op, dtype));
  const binary = [...ARITHMETIC_OPS, ...COMPARE_OPS].filter((op) => defined(op, dtype));
  const result = (op: BinaryOp): DType => ((COMPARE_OPS as readonly string[]).includes(op) ? "bool" : dtype);
  const source = (x: Expr | undefined): Buffer => (x as Expr & { readonly kind: "Load" }).buffer;
  const each = Array.from({ length: lanes }, (_, lane) => lane);
  const fixed = (value: number, of: DType): Expr => b.broadcast(b.const(value, of), lanes);
  const divisors = isInteger(dtype) ? [1, 2, 3, 8, 100, 0, ...(dtype.startsWith("u") ? [] : [-1, -3, -8])] : [];
  const byConstant = divisors.flatMap((divisor) =>
    DIVISIONS.map((op) =>
      elementwise(`${op} by ${divisor}`, [dtype], dtype, lanes, (x) => b.binary(op, x as Expr, fixed(divisor, dtype))),
    ),
  );
  const shifts = isInteger(dtype)
    ? [0, 3, 63].map((amount) =>
        elementwise(`shl by ${amount}`, [dtype], dtype, lanes, (x) => b.binary("shl", x as Expr, fixed(amount, dtype))),
      )
    : [];
  const vectors =
    lanes === 1
      ? []
      : [
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
          elementwise("chosen", [dtype, dtype], dtype, lanes, (x, y) =>
            b.ifThenElse(b.binary("lt", b.load(source(y), [b.int(3)]), b.const(1, dtype)), x as Expr, y as Expr),
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
    ...(isFloat(dtype)
      ? [0, -0].flatMap((zero) =>
          (["min", "max"] as const).flatMap((op) => [
            elementwise(`${op} of ${zero} after`, [dtype], dtype, lanes, (x) =>
              b.binary(op, x as Expr, fixed(zero, dtype)),
            ),
            elementwise(`${op} of ${zero} before`, [dtype], dtype, lanes, (x) =>
              b.binary(op, fixed(zero, dtype), x as Expr),
            ),
          ]),
        )
      : []),
    ...byConstant,
    ...shifts,
    ...vectors,
  ];
}

/** Scalars, and vectors narrower and wider than registers of this machine: up to 64 bytes. */
describe.each([
  ["clang", "gnu", [1, 4, 8, 16]],
  ["gcc", "gnu", [1, 2, 8]],
  ["gcc", "c99", [1]],
] as const)(
  "%s, %s: operators agree with the interpreter on edge cases, in every width",
  (compiler, dialect, widths) => {
    it.runIf(tools.includes(compiler)).each(TYPES)("of %s", async (dtype) => {
      const toolchain = sharedLibrary({ compiler, cache: false, optimization: 1 });
      const backend = c(dialect === "gnu" ? { dialect, vectorBytes: 64 } : { dialect });
      const bytes = ({ func }: Trial): number => Math.max(...func.parameters.map((each) => bitsOf(each.dtype) / 8));
      const found = await differences(
        backend,
        toolchain,
        widths.flatMap((lanes) => trialsOf(dtype, lanes).filter((trial) => lanes === 1 || lanes * bytes(trial) <= 64)),
      );
      expect(found.slice(0, 8).join("\n\n")).toBe("");
    });
  },
);
