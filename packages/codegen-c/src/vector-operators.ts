import { type Binary, bitsOf, type Expr, isFloat, isSigned, type Unary } from "@tilewright/ir";
import { constantOf, isWiderThanSingle, powerOfTwo } from "./scalar-operators.js";
import type { Helpers } from "./short-types.js";
import { isHalf, laneBits, typeOf, unsignedShort, vectorShort } from "./types.js";
import { atom, COMPARISON_SYMBOLS, called, castTo, combine, infix, LEVEL, type Value, wrap } from "./value.js";

/** The C type of a vector value, declared. */
export function vectorTypeName(helpers: Helpers, expr: Expr, maskBits: number): string {
  return helpers.vector(vectorShort(expr.dtype, maskBits), expr.lanes);
}

/** A mask whose lanes are `bits` wide. */
export function toMask(helpers: Helpers, mask: Value, bits: number, lanes: number): Value {
  if (mask.maskBits === bits) return mask;
  const type = helpers.vector(`i${bits}`, lanes);
  return combine(`__builtin_convertvector(${mask.text}, ${type})`, LEVEL.atom, [mask], bits);
}

/** Two masks with lanes of one width. */
function together(helpers: Helpers, a: Value, b: Value, lanes: number): readonly [Value, Value, number] {
  const bits = Math.max(a.maskBits, b.maskBits);
  return [toMask(helpers, a, bits, lanes), toMask(helpers, b, bits, lanes), bits];
}

/** Every lane the scalar `a`. */
export function splat(helpers: Helpers, expr: Expr, a: Value): Value {
  if (expr.dtype === "bool") {
    const type = helpers.use("splat", `i32x${expr.lanes}`);
    helpers.vector("i32", expr.lanes);
    return called(type, [combine(`-${wrap(a, LEVEL.atom)}`, LEVEL.unary, [a])], 32);
  }
  return called(helpers.use("splat", vectorTypeName(helpers, expr, 0)), [a]);
}

/** `base + stride · lane`. */
export function ramp(helpers: Helpers, expr: Expr, base: Value, stride: Value): Value {
  const wraps = expr.dtype !== "index";
  const short = typeOf(expr.dtype).short;
  const type = helpers.vector(wraps ? unsignedShort(short) : short, expr.lanes);
  const scalar = (value: Value): Value =>
    wraps ? castTo(`${type.startsWith("u") ? "u" : ""}int${bitsOf(expr.dtype)}_t`, value) : value;
  const lanes = atom(`(${type}){${Array.from({ length: expr.lanes }, (_, lane) => lane).join(", ")}}`);
  const scaled = stride.text === "1" ? lanes : infix("*", lanes, scalar(stride));
  const sum = infix("+", scaled, scalar(base));
  return wraps && short !== unsignedShort(short) ? castTo(helpers.vector(short, expr.lanes), sum) : sum;
}

function rounded(helpers: Helpers, expr: Expr, value: Value): Value {
  if (!isHalf(expr.dtype)) return value;
  return called(helpers.use("round", `${typeOf(expr.dtype).short}x${expr.lanes}`), [value]);
}

/** A unary operator on vectors. */
export function vectorUnary(helpers: Helpers, expr: Unary, a: Value): Value {
  const { op, dtype, lanes } = expr;
  if (op === "not") return combine(`~${wrap(a, LEVEL.unary)}`, LEVEL.unary, [a], a.maskBits);
  const type = vectorTypeName(helpers, expr, a.maskBits);
  if (op === "neg" && isFloat(dtype)) return combine(`-${wrap(a, LEVEL.atom)}`, LEVEL.unary, [a]);
  if (op === "bitnot") return combine(`~${wrap(a, LEVEL.unary)}`, LEVEL.unary, [a]);
  if (op === "neg") {
    const unsigned = helpers.vector(unsignedShort(typeOf(dtype).short), lanes);
    const negated = combine(`-${wrap(castTo(unsigned, a), LEVEL.unary)}`, LEVEL.unary, [a]);
    return castTo(type, negated);
  }
  if (op === "abs" && isFloat(dtype)) {
    const bits = laneBits(dtype);
    const unsigned = helpers.vector(`u${bits}`, lanes);
    return castTo(type, infix("&", castTo(unsigned, a), atom(bits === 64 ? "INT64_MAX" : "0x7fffffff")));
  }
  if (op === "abs") return isSigned(dtype) ? called(helpers.use("abs", type), [a]) : a;
  return rounded(helpers, expr, called(helpers.use(op, type), [a]));
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

/** A binary operator on vectors of one type. */
export function vectorBinary(helpers: Helpers, expr: Binary, a: Value, b: Value): Value {
  const { op, left, dtype, lanes } = expr;
  if (left.dtype === "bool") return maskBinary(helpers, expr, a, b);
  const comparison = COMPARISON_SYMBOLS[op];
  if (comparison !== undefined) {
    const bits = laneBits(left.dtype);
    const mask = helpers.vector(`i${bits}`, lanes);
    if (a.text === b.text && !isFloat(left.dtype))
      return called(helpers.use("splat", mask), [atom(/^(eq|le|ge)$/.test(op) ? "-1" : "0")], bits); // compilers warn
    return castTo(mask, infix(comparison, a, b), bits);
  }
  const type = vectorTypeName(helpers, expr, 0);
  if (op === "min" || op === "max") return called(helpers.use(op, type), [a, b]);
  const symbol = SYMBOLS[op];
  if (isFloat(dtype)) return rounded(helpers, expr, infix(symbol as string, a, b));
  if (op === "shl" || op === "shr") return shift(helpers, expr, a, b);
  if (symbol !== undefined)
    return op.startsWith("bit") || dtype === "index" ? infix(symbol, a, b) : wrapping(helpers, expr, symbol, a, b);
  const log = powerOfTwo(expr.right);
  if (log !== undefined && (op.startsWith("floor") || !isSigned(dtype))) {
    return op.endsWith("div") ? infix(">>", a, atom(`${log}`)) : infix("&", a, atom(`${(1n << BigInt(log)) - 1n}`));
  }
  return called(helpers.use(op, type), [a, b]);
}

function wrapping(helpers: Helpers, expr: Expr, symbol: string, a: Value, b: Value): Value {
  if (!isSigned(expr.dtype)) return infix(symbol, a, b);
  const unsigned = helpers.vector(unsignedShort(typeOf(expr.dtype).short), expr.lanes);
  return castTo(vectorTypeName(helpers, expr, 0), infix(symbol, castTo(unsigned, a), castTo(unsigned, b)));
}

function shift(helpers: Helpers, expr: Binary, a: Value, b: Value): Value {
  const bits = laneBits(expr.dtype);
  const amount = constantOf(expr.right);
  const count =
    amount === undefined ? infix("&", b, atom(`${bits - 1}`)) : atom(`${BigInt.asUintN(64, amount) % BigInt(bits)}`);
  if (expr.op === "shr" || !isSigned(expr.dtype)) return infix(expr.op === "shr" ? ">>" : "<<", a, count);
  const unsigned = helpers.vector(`u${bits}`, expr.lanes);
  const counts = amount === undefined ? castTo(unsigned, count) : count;
  return castTo(vectorTypeName(helpers, expr, 0), infix("<<", castTo(unsigned, a), counts));
}

function maskBinary(helpers: Helpers, expr: Binary, first: Value, second: Value): Value {
  const [a, b, bits] = together(helpers, first, second, expr.lanes);
  const as = (value: Value): Value => ({ ...value, maskBits: bits });
  const inverted = (value: Value): Value => combine(`~${wrap(value, LEVEL.unary)}`, LEVEL.unary, [value], bits);
  switch (expr.op) {
    case "and":
    case "min":
      return as(infix("&", a, b));
    case "or":
    case "max":
      return as(infix("|", a, b));
    case "ne":
      return as(infix("^", a, b));
    case "eq":
      return inverted(infix("^", a, b));
    case "lt":
      return as(infix("&", inverted(a), b));
    case "gt":
      return as(infix("&", a, inverted(b)));
    case "le":
      return as(infix("|", inverted(a), b));
    default: // ge
      return as(infix("|", a, inverted(b)));
  }
}

/** Lanes of `a` where the mask is set, else of `b`. */
export function vectorSelect(helpers: Helpers, expr: Expr, mask: Value, a: Value, b: Value): Value {
  if (expr.dtype !== "bool") {
    const fitting = toMask(helpers, mask, laneBits(expr.dtype), expr.lanes);
    return called(helpers.use("select", vectorTypeName(helpers, expr, 0)), [fitting, a, b]);
  }
  const bits = Math.max(mask.maskBits, a.maskBits, b.maskBits);
  const [m, x, y] = [mask, a, b].map((value) => toMask(helpers, value, bits, expr.lanes)) as [Value, Value, Value];
  return called(helpers.use("select", helpers.vector(`i${bits}`, expr.lanes)), [m, x, y], bits);
}

/** Conversion of every lane's value. */
export function vectorCast(helpers: Helpers, from: Expr, to: Expr, a: Value): Value {
  const convert = (value: Value, type: string): Value =>
    combine(`__builtin_convertvector(${value.text}, ${type})`, LEVEL.atom, [value]);
  if (to.dtype === "bool") {
    const bits = laneBits(from.dtype);
    return castTo(helpers.vector(`i${bits}`, to.lanes), infix("!=", a, atom("0")), bits);
  }
  const target = vectorTypeName(helpers, to, 0);
  if (from.dtype === "bool") {
    const bits = isFloat(to.dtype) ? 32 : laneBits(to.dtype);
    const ones = infix("&", toMask(helpers, a, bits, to.lanes), atom("1"));
    return isFloat(to.dtype) ? convert(ones, target) : castTo(target, ones);
  }
  const source = vectorTypeName(helpers, from, 0);
  if (isHalf(to.dtype) && isWiderThanSingle(from.dtype)) {
    return called(helpers.use("cast", source, `${typeOf(to.dtype).short}x${to.lanes}`), [a]);
  }
  if (isFloat(from.dtype) && !isFloat(to.dtype)) return called(helpers.use("cast", source, target), [a]);
  const held = source === target ? a : convert(a, target);
  return from.dtype === to.dtype ? held : rounded(helpers, to, held);
}

/** The same bits as another type: half types are floats in registers, bool is a mask. */
export function vectorReinterpret(helpers: Helpers, from: Expr, to: Expr, a: Value): Value {
  if (from.dtype === to.dtype) return a;
  const half = ({ dtype, lanes }: Expr): string => `${typeOf(dtype).short}x${lanes}`;
  if (to.dtype === "bool") return castTo(helpers.vector("i8", to.lanes), infix("!=", a, atom("0")), 8);
  if (from.dtype === "bool")
    return castTo(vectorTypeName(helpers, to, 0), infix("&", toMask(helpers, a, 8, to.lanes), atom("1")));
  const bits = isHalf(from.dtype) ? called(helpers.use("pack", half(from)), [a]) : a;
  if (!isHalf(to.dtype)) return castTo(vectorTypeName(helpers, to, 0), bits);
  return called(helpers.use("unpack", half(to)), [castTo(helpers.vector("u16", to.lanes), bits)]);
}
