import { InternalError } from "@tilewright/diagnostics";
import { type BinaryOp, bitsOf, type DType, type Expr, isFloat, isInteger, isSigned, limitsOf } from "@tilewright/ir";
import { arrayOf, read, wrapped } from "./types.js";

/** What stands before the functions of a module: operators that JavaScript lacks. */
export const PRELUDE = `"use strict";
const min = (a, b) => (b < a ? b : a);
const max = (a, b) => (a < b ? b : a);
const floordiv = (a, b) => (b === 0 ? 0 : Math.floor(a / b));
const floormod = (a, b) => (b === 0 ? 0 : a - b * Math.floor(a / b));
const truncdiv = (a, b) => (b === 0 ? 0 : Math.trunc(a / b));
const truncmod = (a, b) => (b === 0 ? 0 : a % b);
const round = (a) => (Math.abs(a % 1) === 0.5 ? 2 * Math.round(a / 2) : Math.round(a));
const saturate = (a, least, most) => Math.trunc(Math.min(Math.max(a, least), most)) || 0;
const bits = new DataView(new ArrayBuffer(8));
const view = (Type, a) => new Type(a.buffer, a.byteOffset, Math.floor(a.byteLength / Type.BYTES_PER_ELEMENT));
`;

const SYMBOLS: Readonly<Record<string, string>> = {
  ...{ add: "+", sub: "-", mul: "*", div: "/", bitand: "&", bitor: "|", bitxor: "^", and: "&&", or: "||" },
  ...{ eq: "===", ne: "!==", lt: "<", le: "<=", gt: ">", ge: ">=", neg: "-", not: "!", bitnot: "~" },
};

/** The text of an expression. Bools are boolean, all other values are numbers, and always in the range of their type. */
export function expression(expr: Expr, nameOf: (thing: object) => string): string {
  const text = (inner: Expr): string => expression(inner, nameOf);
  switch (expr.kind) {
    case "Const":
      return `${Object.is(expr.value, -0) || Number(expr.value) < 0 ? `(-${-expr.value})` : expr.value}`;
    case "Var":
      return nameOf(expr);
    case "Unary": {
      const [name, x] = [expr.op === "round" ? "round" : `Math.${expr.op}`, text(expr.operand)];
      return wrapped(expr.dtype, expr.op in SYMBOLS ? `(${SYMBOLS[expr.op]}${x})` : `${name}(${x})`);
    }
    case "Binary":
      return binary(expr.op, expr.dtype, text(expr.left), text(expr.right));
    case "Select":
    case "IfThenElse":
      return `(${text(expr.condition)} ? ${text(expr.whenTrue)} : ${text(expr.whenFalse)})`;
    case "Cast":
      return cast(expr.operand.dtype, expr.dtype, text(expr.operand));
    case "Reinterpret": {
      const [set, get] = [expr.operand, expr].map(({ dtype }) => arrayOf(dtype).replace("Array", ""));
      return read(expr.dtype, `(bits.set${set}(0, ${text(expr.operand)}), bits.get${get}(0))`);
    }
    case "Load": {
      const element = `${nameOf(expr.buffer)}[${expr.indices.map(text)}]`;
      return read(expr.dtype, expr.predicate === null ? element : `(${text(expr.predicate)} ? ${element} : 0)`);
    }
    default:
      throw new InternalError(`no form in JavaScript for ${expr.kind}`);
  }
}

/** An operator whose result has the type `dtype`. */
export function binary(op: BinaryOp, dtype: DType, a: string, b: string): string {
  if (op === "min" || op === "max") return `${op}(${a}, ${b})`;
  if (op === "mul" && isInteger(dtype)) return wrapped(dtype, `Math.imul(${a}, ${b})`);
  const shift = { shl: "<<", shr: isSigned(dtype) ? ">>" : ">>>" }[op as "shl"];
  if (shift !== undefined) return wrapped(dtype, `(${a} ${shift} (${b} & ${bitsOf(dtype) - 1}))`);
  return wrapped(dtype, op in SYMBOLS ? `(${a} ${SYMBOLS[op]} ${b})` : `${op}(${a}, ${b})`);
}

function cast(from: DType, to: DType, x: string): string {
  if (to === "bool") return read(to, x);
  if (!isFloat(from)) return wrapped(to, `(${x} + 0)`); // true becomes 1, and an index that is -0 becomes 0
  if (isFloat(to)) return wrapped(to, x);
  return `saturate(${x}, ${limitsOf(to).min.value}, ${limitsOf(to).max.value})`;
}
