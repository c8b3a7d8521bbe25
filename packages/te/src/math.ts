import { CompileError, callSite } from "@tilewright/diagnostics";
import {
  type Binary, type BinaryOp, build, COMPARE_OPS, type Const, DTYPES, type DType, type Expr, isFloat, isInteger, type Unary, type UnaryOp,
} from "@tilewright/ir"; // biome-ignore format: a list
import * as errors from "./errors.js";
import { coerce, isBare, literal, type Operand, toExpr } from "./operand.js";

type Accepts = readonly [text: string, test: (dtype: DType) => boolean];
const NUMBERS: Accepts = ["a number type", (dtype) => dtype !== "bool"];
const ANY: Accepts = ["any type", () => true];
const INTEGERS: Accepts = ["an integer type or index", (dtype) => isInteger(dtype) || dtype === "index"];
const DATA_INTEGERS: Accepts = ["an integer type", isInteger];
const FLOATS: Accepts = ["a float type", isFloat];
const TRUTH: Accepts = ["bool", (dtype) => dtype === "bool"];

const COMPARISONS: ReadonlySet<string> = new Set(COMPARE_OPS);
type TwoOperands = (left: Operand, right: Operand) => Binary;
type OneOperand = (operand: Operand) => Unary;

/** @throws CompileError `TE101` types differ · `TE102` type not taken · `TE103` number outside the type · `TE104` two bare numbers. */
function binary(op: BinaryOp, [accepted, accepts]: Accepts): TwoOperands {
  const builder: TwoOperands = (left, right) => {
    if (isBare(left) && isBare(right)) throw new CompileError(errors.untypedNumbers(op, callSite(builder)));
    const first = isBare(left) ? undefined : typed(left, builder);
    const second = isBare(right) ? undefined : typed(right, builder);
    const dtype = (first ?? second)?.dtype ?? "index";
    const a = first ?? literalAt(left, dtype, builder);
    const b = second ?? literalAt(right, dtype, builder);
    if (a.dtype !== b.dtype || a.lanes !== b.lanes) {
      throw new CompileError(errors.mismatchedTypes(op, a, b, callSite(builder)));
    }
    if (!accepts(a.dtype)) throw new CompileError(errors.unacceptedType(op, accepted, a, callSite(builder)));
    const result = COMPARISONS.has(op) ? "bool" : a.dtype;
    return { kind: "Binary", span: build.span, dtype: result, lanes: a.lanes, op, left: a, right: b, fast: 0 };
  };
  return builder;
}

/** @throws CompileError `TE102` type not taken · `TE104` a bare number. */
function unary(op: UnaryOp, [accepted, accepts]: Accepts): OneOperand {
  const builder: OneOperand = (operand) => {
    if (isBare(operand)) throw new CompileError(errors.untypedNumbers(op, callSite(builder)));
    const a = typed(operand, builder);
    if (!accepts(a.dtype)) throw new CompileError(errors.unacceptedType(op, accepted, a, callSite(builder)));
    return { kind: "Unary", span: build.span, dtype: a.dtype, lanes: a.lanes, op, operand: a, fast: 0 };
  };
  return builder;
}

type Above = (...args: never[]) => unknown;
/** Looks up the place only where it is needed: for tensors, whose reads carry it, and for errors. */
function typed(operand: Exclude<Operand, number | bigint | boolean>, above: Above): Expr {
  const plain = typeof operand === "object" && operand !== null && operand.kind !== "Tensor";
  try {
    return toExpr(operand, plain ? build.span : callSite(above));
  } catch {
    return toExpr(operand, callSite(above));
  }
}

function literalAt(value: Operand, dtype: DType, above: Above): Expr {
  try {
    return coerce(value, dtype, build.span);
  } catch {
    return coerce(value, dtype, callSite(above));
  }
}

export const add = binary("add", NUMBERS);
export const sub = binary("sub", NUMBERS);
export const mul = binary("mul", NUMBERS);
/** Of floats; integers divide with `floordiv` or `truncdiv`. */
export const div = binary("div", FLOATS);
export const floordiv = binary("floordiv", INTEGERS);
export const floormod = binary("floormod", INTEGERS);
export const truncdiv = binary("truncdiv", INTEGERS);
export const truncmod = binary("truncmod", INTEGERS);
/** Of floats. */
export const pow = binary("pow", FLOATS);
/** The smaller of two values; `min` is the reduction. */
export const minimum = binary("min", NUMBERS);
/** The larger of two values; `max` is the reduction. */
export const maximum = binary("max", NUMBERS);
/** Of truth values, both evaluated. */
export const and = binary("and", TRUTH);
/** Of truth values, both evaluated. */
export const or = binary("or", TRUTH);
export const bitand = binary("bitand", DATA_INTEGERS);
export const bitor = binary("bitor", DATA_INTEGERS);
export const bitxor = binary("bitxor", DATA_INTEGERS);
export const shl = binary("shl", DATA_INTEGERS);
/** Arithmetic for signed types, logical for unsigned ones. */
export const shr = binary("shr", DATA_INTEGERS);
export const eq = binary("eq", ANY);
export const ne = binary("ne", ANY);
export const lt = binary("lt", NUMBERS);
export const le = binary("le", NUMBERS);
export const gt = binary("gt", NUMBERS);
export const ge = binary("ge", NUMBERS);

export const neg = unary("neg", NUMBERS);
/** Of truth values. */
export const not = unary("not", TRUTH);
export const bitnot = unary("bitnot", DATA_INTEGERS);
export const abs = unary("abs", NUMBERS);
export const floor = unary("floor", FLOATS);
export const ceil = unary("ceil", FLOATS);
/** Half to even. */
export const round = unary("round", FLOATS);
export const trunc = unary("trunc", FLOATS);
export const sqrt = unary("sqrt", FLOATS);
export const exp = unary("exp", FLOATS);
export const log = unary("log", FLOATS);
export const sin = unary("sin", FLOATS);
export const cos = unary("cos", FLOATS);
export const tanh = unary("tanh", FLOATS);
export const erf = unary("erf", FLOATS);
export const sigmoid = unary("sigmoid", FLOATS);

const choice =
  (kind: "Select" | "IfThenElse", name: string) =>
  (condition: Operand, whenTrue: Operand, whenFalse: Operand, above: Above): Expr => {
    if (isBare(whenTrue) && isBare(whenFalse)) throw new CompileError(errors.untypedNumbers(name, callSite(above)));
    const dtype = isBare(whenTrue)
      ? isBare(whenFalse)
        ? "index"
        : typed(whenFalse, above).dtype
      : typed(whenTrue, above).dtype;
    const test = literalAt(condition, "bool", above);
    const a = literalAt(whenTrue, dtype, above);
    const b = literalAt(whenFalse, dtype, above);
    if (test.dtype !== "bool") throw new CompileError(errors.notACondition(name, test, callSite(above)));
    if (a.dtype !== b.dtype || a.lanes !== b.lanes) {
      throw new CompileError(errors.mismatchedTypes(name, a, b, callSite(above)));
    }
    return { kind, span: build.span, dtype: a.dtype, lanes: a.lanes, condition: test, whenTrue: a, whenFalse: b };
  };
const selected = choice("Select", "select");
const chosen = choice("IfThenElse", "ifThenElse");

/**
 * One of two values, both evaluated.
 * @throws CompileError `TE101` types differ · `TE104` two bare numbers · `TE106` condition is not bool.
 */
export function select(condition: Operand, whenTrue: Operand, whenFalse: Operand): Expr {
  return selected(condition, whenTrue, whenFalse, select);
}

/**
 * One of two values, only the chosen one evaluated: guards reads that would leave their tensor.
 * @throws CompileError `TE101` types differ · `TE104` two bare numbers · `TE106` condition is not bool.
 */
export function ifThenElse(condition: Operand, whenTrue: Operand, whenFalse: Operand): Expr {
  return chosen(condition, whenTrue, whenFalse, ifThenElse);
}

/**
 * Conversion of value; float to integer truncates and saturates. A bare number becomes a constant.
 * @throws CompileError `TE103` number outside the type · `TE108` unknown type.
 */
export function cast(operand: Operand, dtype: DType): Expr {
  if (!DTYPES.includes(dtype)) throw new CompileError(errors.unknownType(dtype, callSite(cast)));
  return isBare(operand) ? literalAt(operand, dtype, cast) : build.cast(typed(operand, cast), dtype);
}

/** A number with a type. @throws CompileError `TE103` number outside the type · `TE108` unknown type. */
export function constant(value: number | bigint | boolean, dtype: DType): Const {
  if (!DTYPES.includes(dtype)) throw new CompileError(errors.unknownType(dtype, callSite(constant)));
  if (!isBare(value)) throw new CompileError(errors.notAnOperand(value, callSite(constant)));
  return literal(value, dtype, callSite(constant));
}
