import { invariant } from "@tilewright/diagnostics";
import { type Binary, bitsOf, type Const, type DType, type Expr, isFloat, isSigned, type Unary } from "@tilewright/ir";
import type { Helpers } from "./short-types.js";
import { isHalf, isIntegral, typeOf } from "./types.js";
import { atom, COMPARISON_SYMBOLS, called, castTo, combine, infix, LEVEL, type Value, wrap } from "./value.js";

/** log2 of a constant that is a power of two, else undefined. Looks through a broadcast. */
export function powerOfTwo(expr: Expr): number | undefined {
  const value = constantOf(expr);
  if (value === undefined || value < 1n) return undefined;
  const log = value.toString(2).length - 1;
  return 1n << BigInt(log) === value ? log : undefined;
}

/** The integer value of a constant, or of its broadcast. */
export function constantOf(expr: Expr): bigint | undefined {
  const inner = expr.kind === "Broadcast" ? expr.operand : expr;
  if (inner.kind !== "Const" || isFloat(inner.dtype)) return undefined;
  return typeof inner.value === "bigint" ? inner.value : BigInt(Math.trunc(Number(inner.value)));
}

/** Rounds to the half-width type that `dtype` is, after each operation; other types are left alone. */
function rounded(helpers: Helpers, expr: Expr, value: Value): Value {
  if (!isHalf(expr.dtype)) return value;
  return called(helpers.use("round", typeOf(expr.dtype).short), [value]);
}

const MATH: Readonly<Record<string, string>> = {
  abs: "fabs",
  sqrt: "sqrt",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "rint",
};

/** A unary operator on a scalar. */
export function scalarUnary(helpers: Helpers, expr: Unary, a: Value): Value {
  const { op, dtype } = expr;
  if (op === "not") return combine(`!${wrap(a, LEVEL.unary)}`, LEVEL.unary, [a]);
  if (isFloat(dtype)) {
    if (op === "neg") return combine(`-${wrap(a, LEVEL.atom)}`, LEVEL.unary, [a]);
    const name = MATH[op];
    invariant(name !== undefined, `the capabilities declare no \`${op}\``);
    const full = dtype === "float64" ? name : `${name}f`;
    if (helpers.dialect === "c99") helpers.needMath();
    return rounded(helpers, expr, called(helpers.dialect === "c99" ? full : `__builtin_${full}`, [a]));
  }
  const { short, value: type } = typeOf(dtype);
  if (op === "bitnot") return castTo(type, combine(`~${wrap(a, LEVEL.unary)}`, LEVEL.unary, [a]));
  if (op === "abs") return isSigned(dtype) ? called(helpers.use("abs", short), [a]) : a;
  if (dtype === "index") return combine(`-${wrap(a, LEVEL.atom)}`, LEVEL.unary, [a]);
  return wrapping(expr, "-", atom("0"), a);
}

/** An integer operation that wraps: done on unsigned values at least 32 bits wide, then cast back. */
function wrapping(expr: Expr, symbol: string, a: Value, b: Value): Value {
  const type = typeOf(expr.dtype).value;
  if (expr.dtype === "index" || type === "uint32_t" || type === "uint64_t") return infix(symbol, a, b);
  const bits = bitsOf(expr.dtype);
  const wide = `uint${Math.max(bits, 32)}_t`;
  if (bits < 32 && type !== "uint16_t") return castTo(type, infix(symbol, a, b)); // promoted to int, which holds the result
  return castTo(type, infix(symbol, castTo(wide, a), castTo(wide, b)));
}

const SYMBOLS: Readonly<Record<string, string>> = {
  add: "+",
  sub: "-",
  mul: "*",
  div: "/",
  bitand: "&",
  bitor: "|",
  bitxor: "^",
};

/** A binary operator on scalars. */
export function scalarBinary(helpers: Helpers, expr: Binary, a: Value, b: Value): Value {
  const { op, left, right, dtype } = expr;
  const comparison = COMPARISON_SYMBOLS[op];
  if (comparison !== undefined) return compare(expr, comparison, a, b);
  if (dtype === "bool") return infix(op === "and" || op === "min" ? "&&" : "||", a, b);
  if (op === "min" || op === "max") return called(helpers.use(op, isHalf(dtype) ? "f32" : typeOf(dtype).short), [a, b]);
  const symbol = SYMBOLS[op];
  if (isFloat(dtype)) return rounded(helpers, expr, infix(symbol as string, a, b));
  if (op === "add" || op === "sub" || op === "mul") return wrapping(expr, SYMBOLS[op] as string, a, b);
  const type = typeOf(dtype);
  if (symbol !== undefined) return narrowed(expr, infix(symbol, a, b));
  if (op === "shl" || op === "shr") return shift(expr, a, b);
  const log = powerOfTwo(right);
  if (log !== undefined && (op.startsWith("floor") || !isSigned(left.dtype))) {
    if (log === 0) return op.endsWith("div") ? a : atom("0");
    const mask = constantLike(expr, (1n << BigInt(log)) - 1n);
    return narrowed(expr, op.endsWith("div") ? infix(">>", a, atom(`${log}`)) : infix("&", a, mask));
  }
  const divisor = constantOf(right);
  if (divisor === 0n) return atom("0");
  const plain = divisor !== undefined && divisor > 0n && (op.startsWith("trunc") || !isSigned(dtype));
  if (plain) return narrowed(expr, infix(op.endsWith("div") ? "/" : "%", a, b));
  return called(helpers.use(op, type.short), [a, b]);
}

function constantLike(expr: Expr, value: bigint): Value {
  if (expr.dtype === "uint64") return atom(`UINT64_C(${value})`);
  if (expr.dtype === "int64") return atom(`INT64_C(${value})`);
  return atom(expr.dtype === "uint32" ? `${value}u` : `${value}`);
}

/** Casts back to a type narrower than `int`. */
function narrowed(expr: Expr, value: Value): Value {
  return isIntegral(expr.dtype) && expr.dtype !== "index" && bitsOf(expr.dtype) < 32
    ? castTo(typeOf(expr.dtype).value, value)
    : value;
}

function shift(expr: Binary, a: Value, b: Value): Value {
  const bits = expr.dtype === "index" ? 32 : bitsOf(expr.dtype);
  const amount = constantOf(expr.right);
  const count =
    amount === undefined ? infix("&", b, atom(`${bits - 1}`)) : atom(`${BigInt.asUintN(64, amount) % BigInt(bits)}`);
  if (expr.op === "shr") return narrowed(expr, infix(">>", a, count));
  const wide = `uint${Math.max(bits, 32)}_t`;
  return castTo(typeOf(expr.dtype).value, infix("<<", castTo(wide, a), count));
}

/** A comparison, unless its result is known from the types: compilers warn of those. */
function compare(expr: Binary, symbol: string, a: Value, b: Value): Value {
  const { left, right, op } = expr;
  if (!isFloat(left.dtype)) {
    if (a.text === b.text) return atom(/^(eq|le|ge)$/.test(op) ? "1" : "0");
    const known = knownComparison(left, op, right) ?? flipped(right, op, left);
    if (known !== undefined) return atom(known ? "1" : "0");
  }
  return infix(symbol, a, b);
}

const FLIP: Readonly<Record<string, string>> = { lt: "gt", gt: "lt", le: "ge", ge: "le" };

function flipped(left: Expr, op: string, right: Expr): boolean | undefined {
  const other = FLIP[op];
  return other === undefined ? undefined : knownComparison(left, other, right);
}

/** `x op limit` where the limit of x's type decides. */
function knownComparison(left: Expr, op: string, right: Expr): boolean | undefined {
  const limit = constantOf(right);
  if (limit === undefined || !isIntegral(left.dtype) || left.kind === "Const") return undefined;
  const { min, max } = integerRange(right as Const);
  if (limit === min && (op === "lt" || op === "ge")) return op === "ge";
  if (limit === max && (op === "gt" || op === "le")) return op === "le";
  return undefined;
}

function integerRange({ dtype }: Const): { readonly min: bigint; readonly max: bigint } {
  const bits = BigInt(dtype === "index" ? 32 : bitsOf(dtype));
  return isSigned(dtype)
    ? { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
    : { min: 0n, max: (1n << bits) - 1n };
}

/** True for types some of whose values `float` rounds: on the way to a half type that would round twice. */
export function isWiderThanSingle(dtype: DType): boolean {
  return dtype === "float64" || dtype === "index" || /int(32|64)$/.test(dtype);
}

/** Conversion of a scalar's value. */
export function scalarCast(helpers: Helpers, from: Expr, to: Expr, a: Value): Value {
  const source = typeOf(from.dtype);
  const target = typeOf(to.dtype);
  if (to.dtype === "bool")
    return infix("!=", a, atom(isFloat(from.dtype) ? (from.dtype === "float64" ? "0.0" : "0.0f") : "0"));
  if (isHalf(to.dtype)) {
    if (isWiderThanSingle(from.dtype)) return called(helpers.use("cast", source.short, target.short), [a]);
    const single = source.value === "float" ? a : castTo("float", a);
    return called(helpers.use("round", target.short), [single]);
  }
  if (isFloat(from.dtype) && isIntegral(to.dtype))
    return called(helpers.use("cast", isHalf(from.dtype) ? "f32" : source.short, target.short), [a]);
  return source.value === target.value ? a : castTo(target.value, a);
}

/** The same bits as another type. */
export function scalarReinterpret(helpers: Helpers, from: Expr, to: Expr, a: Value): Value {
  if (from.dtype === to.dtype) return a;
  const source = typeOf(from.dtype);
  const target = typeOf(to.dtype);
  if (to.dtype === "bool") return infix("!=", a, atom("0"));
  const bits = isHalf(from.dtype) ? called(helpers.use("pack", source.short), [a]) : a;
  if (isHalf(to.dtype)) {
    return called(helpers.use("unpack", target.short), [isHalf(from.dtype) ? bits : castTo("uint16_t", bits)]);
  }
  if (isFloat(from.dtype) !== isFloat(to.dtype) && !isHalf(from.dtype))
    return called(helpers.use("bits", source.short, target.short), [bits]);
  return castTo(target.value, bits);
}
