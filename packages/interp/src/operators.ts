import { CompileError, type Span } from "@tilewright/diagnostics";
import { type BinaryOp, bitsOf, type DType, isSigned, type UnaryOp } from "@tilewright/ir";
import { illTyped, indexOverflow } from "./errors.js";
import { roundHalfEven } from "./float.js";
import { erf, pow, sigmoid } from "./math.js";
import { classOf, type Precision, rounding, type Scalar, wrapping, wrappingWide } from "./values.js";

export type UnaryFunction = (operand: Scalar) => Scalar;
export type BinaryFunction = (left: Scalar, right: Scalar) => Scalar;

type Table<F> = { readonly [op: string]: F | undefined };
type Numbers = (a: number, b: number) => number;
type Wides = (a: bigint, b: bigint) => bigint;

const COMPARISONS: Table<BinaryFunction> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  le: (a, b) => a <= b,
  gt: (a, b) => a > b,
  ge: (a, b) => a >= b,
};

/** `min(a, b) = b < a ? b : a`: with a NaN or two zeros the first operand stays. */
const least: Numbers = (a, b) => (b < a ? b : a);
const greatest: Numbers = (a, b) => (a < b ? b : a);

/** Division by zero gives 0, so does its remainder. Adding 0 turns -0 into 0. */
const floormod: Numbers = (a, b) => {
  if (b === 0) return 0;
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest + 0;
};
const truncmod: Numbers = (a, b) => (b === 0 ? 0 : (a % b) + 0);
const INTEGER_ARITHMETIC: Table<Numbers> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => (b === 0 ? 0 : (a - floormod(a, b)) / b + 0),
  floormod,
  truncdiv: (a, b) => (b === 0 ? 0 : (a - truncmod(a, b)) / b + 0),
  truncmod,
  min: least,
  max: greatest,
};

function integerTable(dtype: DType): Table<Numbers> {
  const mask = bitsOf(dtype) - 1;
  return {
    ...INTEGER_ARITHMETIC,
    mul: Math.imul,
    bitand: (a, b) => a & b,
    bitor: (a, b) => a | b,
    bitxor: (a, b) => a ^ b,
    shl: (a, b) => a << (b & mask),
    shr: isSigned(dtype) ? (a, b) => a >> (b & mask) : (a, b) => a >>> (b & mask),
  };
}

const wideFloormod: Wides = (a, b) => {
  if (b === 0n) return 0n;
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
};
const WIDE: Table<Wides> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  floordiv: (a, b) => (b === 0n ? 0n : (a - wideFloormod(a, b)) / b),
  floormod: wideFloormod,
  truncdiv: (a, b) => (b === 0n ? 0n : a / b),
  truncmod: (a, b) => (b === 0n ? 0n : a % b),
  min: (a, b) => (b < a ? b : a),
  max: (a, b) => (a < b ? b : a),
  bitand: (a, b) => a & b,
  bitor: (a, b) => a | b,
  bitxor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 63n),
  shr: (a, b) => a >> (b & 63n),
};

const FLOAT: Table<Numbers> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow,
};
/** Selections, which need no rounding. */
const FLOAT_CHOICE: Table<Numbers> = { min: least, max: greatest };
const BOOL: Table<BinaryFunction> = { and: (a, b) => a === true && b === true, or: (a, b) => a === true || b === true };

function exactIndex(what: string, value: number, span: Span): number {
  if (!Number.isSafeInteger(value)) throw new CompileError(indexOverflow(what, value, span));
  return value;
}

/** Adapts a function of numbers; the types were checked when the operator was looked up. */
const numbers = (f: Numbers | undefined): BinaryFunction | undefined => f as BinaryFunction | undefined;

function arithmetic(op: string, dtype: DType, precision: Precision, span: Span): BinaryFunction | undefined {
  switch (classOf(dtype)) {
    case "bool":
      return BOOL[op];
    case "index": {
      const f = INTEGER_ARITHMETIC[op];
      return f && numbers((a, b) => exactIndex(op, f(a, b), span));
    }
    case "integer": {
      const f = integerTable(dtype)[op];
      const wrap = wrapping(dtype);
      return f && numbers((a, b) => wrap(f(a, b)));
    }
    case "wide": {
      const f = WIDE[op];
      const wrap = wrappingWide(dtype);
      return f && ((a, b) => wrap(f(a as bigint, b as bigint)));
    }
    case "float": {
      const f = FLOAT[op];
      const round = rounding(dtype, precision);
      return f ? numbers((a, b) => round(f(a, b))) : numbers(FLOAT_CHOICE[op]);
    }
  }
}

/** The function of one lane that a binary operator means for a type. @throws CompileError IP202 where it means nothing. */
export function binaryFunction(op: BinaryOp, dtype: DType, precision: Precision, span: Span): BinaryFunction {
  const f = COMPARISONS[op] ?? arithmetic(op, dtype, precision, span);
  if (f === undefined) throw notDefined(op, dtype, span);
  return f;
}

type Reals = (x: number) => number;
const FLOAT_UNARY: Table<Reals> = {
  neg: (x) => -x,
  abs: Math.abs,
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfEven,
  trunc: Math.trunc,
  sqrt: Math.sqrt,
  exp: Math.exp,
  log: Math.log,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  sigmoid,
};
const INTEGER_UNARY: Table<Reals> = { neg: (x) => 0 - x, abs: Math.abs, bitnot: (x) => ~x };
const INDEX_UNARY: Table<Reals> = { neg: (x) => 0 - x, abs: Math.abs };
const WIDE_UNARY: Table<(x: bigint) => bigint> = { neg: (x) => -x, abs: (x) => (x < 0n ? -x : x), bitnot: (x) => ~x };

function unary(op: UnaryOp, dtype: DType, precision: Precision): UnaryFunction | undefined {
  const rounded = (f: Reals | undefined, finish: Reals): UnaryFunction | undefined =>
    f && ((x) => finish(f(x as number)));
  switch (classOf(dtype)) {
    case "bool":
      return op === "not" ? (x) => x !== true : undefined;
    case "index":
      return rounded(INDEX_UNARY[op], (x) => x);
    case "integer":
      return rounded(INTEGER_UNARY[op], wrapping(dtype));
    case "wide": {
      const f = WIDE_UNARY[op];
      const wrap = wrappingWide(dtype);
      return f && ((x) => wrap(f(x as bigint)));
    }
    case "float":
      return rounded(FLOAT_UNARY[op], rounding(dtype, precision));
  }
}

/** The function of one lane that a unary operator means for a type. @throws CompileError IP202 where it means nothing. */
export function unaryFunction(op: UnaryOp, dtype: DType, precision: Precision, span: Span): UnaryFunction {
  const f = unary(op, dtype, precision);
  if (f === undefined) throw notDefined(op, dtype, span);
  return f;
}

function notDefined(op: string, dtype: DType, span: Span): CompileError {
  return new CompileError(
    illTyped(`\`${op}\` is not defined for ${dtype}`, `a type that \`${op}\` takes`, dtype, span),
  );
}
