// Operators on scalars, as C++ that means exactly what `SEMANTICS.md` of @tilewright/ir says.
import {
  type Binary,
  bitsOf,
  type DType,
  type Expr,
  isConst,
  isFloat,
  isInteger,
  isSigned,
  type Unary,
} from "@tilewright/ir";
import { type Facts, powerOfTwoIn } from "./facts.js";
import { atom, call, cast, infix, prefix, type Text } from "./text.js";
import { valueType } from "./types.js";

/** CUDA's functions for those of the IR; float32 ones end in `f`. */
const FUNCTIONS: { readonly [op: string]: string } = {
  abs: "fabs", floor: "floor", ceil: "ceil", trunc: "trunc", round: "rint", sqrt: "sqrt", exp: "exp", log: "log", sin: "sin", cos: "cos",
  tanh: "tanh", erf: "erf",
}; // biome-ignore format: one glance
const SYMBOLS: { readonly [op: string]: string } = {
  add: "+", sub: "-", mul: "*", div: "/", eq: "==", ne: "!=", lt: "<", le: "<=", gt: ">", ge: ">=", and: "&&", or: "||", bitand: "&", bitor: "|",
  bitxor: "^",
}; // biome-ignore format: one glance
const HELPERS: { readonly [op: string]: string } = {
  floordiv: "floor_div", floormod: "floor_mod", truncdiv: "trunc_div", truncmod: "trunc_mod", shl: "shift_left", shr: "shift_right",
  min: "min_of", max: "max_of",
}; // biome-ignore format: one glance
/** Of bool, where C++ would compute with ints. */
const LOGICAL: { readonly [op: string]: string } = { min: "&&", max: "||" };

export function unaryText({ op, dtype }: Unary, a: Text): Text {
  if (op === "not") return prefix("!", a);
  if (isFloat(dtype)) {
    if (op === "neg") return prefix("-", a);
    return call(`${FUNCTIONS[op] ?? op}${dtype === "float32" ? "f" : ""}`, a);
  }
  if (op === "bitnot") return narrowed(dtype, prefix("~", a));
  if (op === "abs") return isSigned(dtype) ? call("wrapping_abs", a) : a;
  return dtype === "index" ? prefix("-", a) : call("wrapping_sub", cast(valueType(dtype), atom("0")), a);
}

/**
 * Products are written so that no compiler fuses them with a sum, whatever its flags: `contractedText` writes those that may be fused.
 */
export function binaryText(expr: Binary, a: Text, b: Text, facts: Facts): Text {
  const { op, left } = expr;
  const { dtype } = left;
  const symbol = SYMBOLS[op];
  if (dtype === "bool") return infix(LOGICAL[op] ?? symbol ?? op, a, b);
  if (op === "mul" && isFloat(dtype)) return call(dtype === "float32" ? "__fmul_rn" : "__dmul_rn", a, b);
  if (dtype === "index" && (op === "floordiv" || op === "floormod")) return indexDivision(expr, a, b, facts);
  if (isInteger(dtype) && (op === "add" || op === "sub" || op === "mul")) {
    if (dtype === "uint32" || dtype === "uint64") return infix(symbol ?? op, a, b);
    return call(`wrapping_${op}`, a, b);
  }
  if (symbol !== undefined) return expr.dtype === "bool" ? infix(symbol, a, b) : narrowed(dtype, infix(symbol, a, b));
  return call(HELPERS[op] ?? op, a, b);
}

/** Indices are divided by constants nearly always. */
function indexDivision({ op, left, right }: Binary, a: Text, b: Text, facts: Facts): Text {
  const divisor = isConst(right) ? Number(right.value) : 0;
  if (divisor > 0 && facts.isNonNegative(left)) return infix(op === "floordiv" ? "/" : "%", a, b);
  if (divisor > 0 && powerOfTwoIn(divisor) === divisor)
    return op === "floordiv" ? infix(">>", a, atom(`${Math.log2(divisor)}`)) : infix("&", a, atom(`${divisor - 1}`));
  return call(HELPERS[op] ?? op, a, b);
}

/** `a · b + c`, rounded once; `sub` gives `a · b − c`. */
export function contractedText(dtype: DType, a: Text, b: Text, c: Text): Text {
  return call(dtype === "float32" ? "__fmaf_rn" : "__fma_rn", a, b, c);
}

/** C++ computes integers narrower than int as int. */
function narrowed(dtype: DType, value: Text): Text {
  return isInteger(dtype) && bitsOf(dtype) < 32 ? cast(valueType(dtype), value) : value;
}

export function castText(from: DType, to: DType, a: Text): Text {
  if (from === to || valueType(from) === valueType(to)) return a;
  if (to === "bool") return infix("!=", a, atom("0"));
  if (isFloat(from) && !isFloat(to)) return call(`saturate<${valueType(to)}>`, a);
  return cast(valueType(to), a);
}

export function reinterpretText(from: DType, to: DType, a: Text): Text {
  if (from === to) return a;
  if (to === "bool") return infix("!=", a, atom("0"));
  if (isFloat(from) || isFloat(to)) return call(`same_bits<${valueType(to)}>`, a);
  return cast(valueType(to), a);
}

export function constantText({ dtype, value }: Extract<Expr, { readonly kind: "Const" }>): Text {
  if (dtype === "bool") return atom(value ? "true" : "false");
  if (isFloat(dtype)) return floatText(Number(value), dtype === "float32");
  if (dtype === "int64") return atom(value === -(2n ** 63n) ? "(-9223372036854775807ll - 1)" : `${value}ll`);
  if (dtype === "uint64") return atom(`${value}ull`);
  if (dtype === "uint32") return atom(`${value}u`);
  if (dtype === "int32" || dtype === "index") return atom(value === -(2 ** 31) ? "(-2147483647 - 1)" : `${value}`);
  return cast(valueType(dtype), atom(`${value}`));
}

function floatText(value: number, isSingle: boolean): Text {
  if (!Number.isFinite(value)) {
    const kind = Number.isNaN(value) ? 2 : value > 0 ? 0 : 1;
    return isSingle
      ? call("same_bits<float>", atom(["0x7f800000u", "0xff800000u", "0x7fc00000u"][kind] as string))
      : call(
          "same_bits<double>",
          atom(["0x7ff0000000000000ull", "0xfff0000000000000ull", "0x7ff8000000000000ull"][kind] as string),
        );
  }
  const text = Object.is(value, -0) ? "-0" : isSingle ? shortest(value) : String(value);
  return atom(`${/[.e]/.test(text) ? text : `${text}.0`}${isSingle ? "f" : ""}`);
}

/** The fewest digits that read back as the same float32. */
function shortest(value: number): string {
  const single = Math.fround(value);
  const digits =
    [1, 2, 3, 4, 5, 6, 7, 8].find((count) => Math.fround(Number(single.toPrecision(count))) === single) ?? 9;
  return String(Number(single.toPrecision(digits)));
}
