/** Operators on scalars. Operands are on the stack; the result replaces them, in the representation of its type. */
import { invariant } from "@tilewright/diagnostics";
import { type BinaryOp, type DType, isFloat, isSigned, type UnaryOp } from "@tilewright/ir";
import { type FunctionContext, withLocal } from "./context.js";
import { demoteToOdd, foldLowBits, fromBits, halfBits, roundTo, toBits } from "./half.js";
import { emitDivision, isDivision } from "./integer-division.js";
import { OP, type Operation } from "./opcodes.js";
import { elementBytes, isHalf, isNarrow, scalarType, signSuffix } from "./representation.js";

const FLOAT_UNARY: Readonly<Partial<Record<UnaryOp, Operation>>> = {
  neg: "neg",
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
  sqrt: "sqrt",
};
const COMPARISON: Readonly<Partial<Record<BinaryOp, "eq" | "ne" | "lt" | "le" | "gt" | "ge">>> = {
  eq: "eq",
  ne: "ne",
  lt: "lt",
  le: "le",
  gt: "gt",
  ge: "ge",
};
const BITS: Readonly<Partial<Record<BinaryOp, Operation>>> = {
  and: "and",
  or: "or",
  bitand: "and",
  bitor: "or",
  bitxor: "xor",
};

/** The instruction of a comparison of elements of `dtype`. */
export function comparison(op: BinaryOp, dtype: DType): Operation | undefined {
  const name = COMPARISON[op];
  if (name === undefined || name === "eq" || name === "ne" || isFloat(dtype)) return name;
  return `${name}${signSuffix(dtype)}`;
}

export function emitUnary(context: FunctionContext, op: UnaryOp, dtype: DType): void {
  const { body } = context;
  const type = scalarType(dtype);
  const one = (): void => (type === "i64" ? body.i64(1n) : body.i32(1));
  const minusOne = (): void => (type === "i64" ? body.i64(-1n) : body.i32(-1));
  if (isFloat(dtype)) {
    const name = FLOAT_UNARY[op];
    invariant(name !== undefined, `the capabilities declare no \`${op}\``);
    body.scalar(type, name);
    if (op === "sqrt") round(context, dtype);
  } else if (op === "not") {
    body.scalar("i32", "eqz");
  } else if (op === "neg" || op === "bitnot") {
    minusOne();
    body.scalar(type, "xor");
    if (op === "neg") {
      one();
      body.scalar(type, "add");
    }
    wrap(context, dtype);
  } else if (isSigned(dtype)) emitAbs(context, dtype); // of unsigned ones, themselves
}

/** (x ^ (x >> 31)) − (x >> 31): the smallest integer stays itself. */
function emitAbs(context: FunctionContext, dtype: DType): void {
  const { body } = context;
  const type = scalarType(dtype);
  withLocal(context, type, (value) =>
    withLocal(context, type, (sign) => {
      body.tee(value);
      if (type === "i64") body.i64(63n);
      else body.i32(31);
      body.scalar(type, "shrS");
      body.tee(sign);
      body.get(value);
      body.scalar(type, "xor");
      body.get(sign);
      body.scalar(type, "sub");
    }),
  );
  wrap(context, dtype);
}

export function emitBinary(context: FunctionContext, op: BinaryOp, dtype: DType): void {
  const { body } = context;
  const type = scalarType(dtype);
  const compare = comparison(op, dtype);
  const bits = BITS[op];
  if (compare !== undefined) body.scalar(type, compare);
  else if (bits !== undefined) body.scalar(type, bits);
  else if (op === "min" || op === "max") emitMinMax(context, op, dtype);
  else if (isDivision(op)) {
    emitDivision(context, op, dtype);
    wrap(context, dtype);
  } else if (op === "shl" || op === "shr") emitShift(context, op, dtype);
  else {
    body.scalar(type, op as "add" | "sub" | "mul" | "div");
    if (isFloat(dtype)) round(context, dtype);
    else wrap(context, dtype);
  }
}

/** min(a, b) = b < a ? b : a and max(a, b) = a < b ? b : a, so a NaN or zero of equal value keeps the first. */
function emitMinMax(context: FunctionContext, op: "min" | "max", dtype: DType): void {
  const { body } = context;
  const type = scalarType(dtype);
  const less: Operation = isFloat(dtype) ? "lt" : `lt${signSuffix(dtype)}`;
  withLocal(context, type, (left) =>
    withLocal(context, type, (right) => {
      body.set(right);
      body.set(left);
      body.get(right);
      body.get(left);
      body.get(op === "min" ? right : left);
      body.get(op === "min" ? left : right);
      body.scalar(type, less);
      body.op(OP.select);
    }),
  );
}

/** The amount counts modulo the width, as the instructions of full width have it. */
function emitShift(context: FunctionContext, op: "shl" | "shr", dtype: DType): void {
  const { body } = context;
  const type = scalarType(dtype);
  if (isNarrow(dtype)) {
    body.i32(elementBytes(dtype) * 8 - 1);
    body.scalar("i32", "and");
  }
  body.scalar(type, op === "shl" ? "shl" : isSigned(dtype) ? "shrS" : "shrU");
  if (op === "shl") wrap(context, dtype);
}

/** Brings the i32 of a narrow integer back into its range. */
export function wrap({ body }: FunctionContext, dtype: DType): void {
  if (!isNarrow(dtype)) return;
  if (dtype === "int8") body.op(OP.i32Extend8S);
  else if (dtype === "int16") body.op(OP.i32Extend16S);
  else {
    body.i32(dtype === "uint8" ? 0xff : 0xffff);
    body.scalar("i32", "and");
  }
}

/** Rounds an f32 that stands for a half float. */
export function round({ body, module }: FunctionContext, dtype: DType): void {
  if (isHalf(dtype)) body.call(module.helper(roundTo(dtype)));
}

/** From bits in an i32 to the representation. */
export function decodeHalf({ body, module }: FunctionContext, dtype: "float16" | "bfloat16"): void {
  body.call(module.helper(fromBits(dtype)));
}

/** From the representation to bits in an i32. */
export function encodeHalf({ body, module }: FunctionContext, dtype: "float16" | "bfloat16"): void {
  body.call(module.helper(toBits(dtype)));
}

/** Conversion of value between scalar types. */
export function emitCast(context: FunctionContext, from: DType, to: DType): void {
  if (from === to) return;
  if (to === "bool") toBool(context, from);
  else if (isFloat(from)) isFloat(to) ? floatToFloat(context, from, to) : floatToInteger(context, from, to);
  else if (isFloat(to)) integerToFloat(context, from, to);
  else integerToInteger(context, from, to);
}

function toBool({ body }: FunctionContext, from: DType): void {
  const type = scalarType(from);
  if (type === "i64") body.i64(0n);
  else if (type === "i32") body.i32(0);
  else if (type === "f32") body.f32(0);
  else body.f64(0);
  body.scalar(type, "ne");
}

function floatToFloat(context: FunctionContext, from: DType, to: DType): void {
  const { body } = context;
  if (to === "float64") body.op(OP.f64PromoteF32);
  else if (from === "float64" && isHalf(to)) {
    body.call(context.module.helper(demoteToOdd));
    round(context, to);
  } else if (from === "float64") body.op(OP.f32DemoteF64);
  else if (isHalf(to)) round(context, to);
}

function floatToInteger(context: FunctionContext, from: DType, to: DType): void {
  const { body } = context;
  const wide = scalarType(to) === "i64";
  const narrow = isNarrow(to);
  const unsigned = !isSigned(to) && !narrow;
  body.op(0xfc00 + (wide ? 4 : 0) + (scalarType(from) === "f64" ? 2 : 0) + (unsigned ? 1 : 0));
  if (!narrow) return;
  const width = elementBytes(to) * 8;
  const [low, high] = isSigned(to) ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
  body.i32(low);
  emitMinMax(context, "max", "int32");
  body.i32(high);
  emitMinMax(context, "min", "int32");
}

function integerToFloat(context: FunctionContext, from: DType, to: DType): void {
  const { body } = context;
  const exactInFloat32 = isNarrow(from) || from === "bool";
  const target = to === "float64" || (isHalf(to) && !exactInFloat32) ? "f64" : "f32";
  if (isHalf(to) && scalarType(from) === "i64") body.call(context.module.helper(foldLowBits(isSigned(from))));
  body.op((target === "f32" ? 0xb2 : 0xb7) + (scalarType(from) === "i64" ? 2 : 0) + (isSigned(from) ? 0 : 1));
  if (isHalf(to) && target === "f64") body.call(context.module.helper(demoteToOdd));
  round(context, to);
}

function integerToInteger(context: FunctionContext, from: DType, to: DType): void {
  const { body } = context;
  const wideFrom = scalarType(from) === "i64";
  const wideTo = scalarType(to) === "i64";
  if (wideFrom && !wideTo) body.op(OP.i32WrapI64);
  if (!wideFrom && wideTo) body.op(isSigned(from) ? OP.i64ExtendI32S : OP.i64ExtendI32U);
  wrap(context, to);
}

/** The same bits as another type of the same width. */
export function emitReinterpret(context: FunctionContext, from: DType, to: DType): void {
  const { body } = context;
  if (from === to) return;
  if (isHalf(from)) encodeHalf(context, from);
  else if (from === "float32") body.op(OP.i32ReinterpretF32);
  else if (from === "float64") body.op(OP.i64ReinterpretF64);
  if (isHalf(to)) {
    body.i32(0xffff);
    body.scalar("i32", "and");
    decodeHalf(context, to);
  } else if (to === "float32") body.op(OP.f32ReinterpretI32);
  else if (to === "float64") body.op(OP.f64ReinterpretI64);
  else wrap(context, to);
}

/** Pushes a constant; an `index` beyond 32 bits, as the identity of a minimum, is the nearest that fits. */
export function emitConstant({ body }: FunctionContext, dtype: DType, value: number | bigint | boolean): void {
  const type = scalarType(dtype);
  if (dtype === "index") body.i32(Math.max(-(2 ** 31), Math.min(Number(value), 2 ** 31 - 1)));
  else if (type === "i64") body.i64(BigInt(value));
  else if (type === "i32") body.i32(Number(BigInt.asIntN(32, BigInt(value))));
  else if (type === "f64") body.f64(Number(value));
  else body.f32(Number(value));
}

/** Bytes of one element of a constant as they lie in memory; a bool in a mask of `laneBytes` is all ones. */
export function constantBytes(dtype: DType, value: number | bigint | boolean, laneBytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  if (dtype === "float32") view.setFloat32(0, Number(value), true);
  else if (dtype === "float64") view.setFloat64(0, Number(value), true);
  else if (isHalf(dtype)) view.setUint16(0, halfBits(Number(value), dtype), true);
  else view.setBigInt64(0, dtype === "bool" ? -BigInt(value) : BigInt(value), true);
  return new Uint8Array(view.buffer, 0, laneBytes);
}
