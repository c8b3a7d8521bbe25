/** Operators on vectors. Operands are on the stack; where SIMD has no instruction the lanes go through the scalar code. */
import { type BinaryOp, type DType, isFloat, isSigned, type UnaryOp } from "@tilewright/ir";
import type { FunctionContext } from "./context.js";
import { lanewiseOnStack, narrowMask, pushConstantVector, resizeLanes, widenMask } from "./lanes.js";
import { type Operation, SIMD, V128 } from "./opcodes.js";
import { elementBytes, isHalf, laneBytes, shapeOf, signSuffix, type Typed } from "./representation.js";
import { comparison, emitBinary, emitCast, emitReinterpret, emitUnary } from "./scalar.js";

const UNARY: Readonly<Partial<Record<UnaryOp, Operation>>> = {
  neg: "neg",
  abs: "abs",
  floor: "floor",
  ceil: "ceil",
  trunc: "trunc",
  round: "nearest",
  sqrt: "sqrt",
};
const BITWISE: Readonly<Partial<Record<BinaryOp, number>>> = {
  bitand: V128.and,
  bitor: V128.or,
  bitxor: V128.xor,
};

export function emitVectorUnary(context: FunctionContext, op: UnaryOp, type: Typed): void {
  const { body } = context;
  const { dtype } = type;
  const name = UNARY[op];
  if (op === "not" || op === "bitnot") body.op(V128.not);
  else if (op === "abs" && !isFloat(dtype) && !isSigned(dtype)) return;
  else if (!isHalf(dtype) && name !== undefined && SIMD[shapeOf(type)][name] !== undefined)
    body.simd(shapeOf(type), name);
  else lanewiseOnStack(context, [type], type, () => emitUnary(context, op, dtype));
}

/** `operand` is the type of the operands; the result is theirs, or a mask for comparisons. */
export function emitVectorBinary(context: FunctionContext, op: BinaryOp, operand: Typed): void {
  const { body } = context;
  const { dtype, lanes } = operand;
  const compare = comparison(op, dtype);
  const bitwise = dtype === "bool" ? boolOperation(op) : BITWISE[op];
  if (bitwise !== undefined) {
    body.op(bitwise);
    if (op === "eq") body.op(V128.not);
    return;
  }
  const name = compare ?? arithmetic(op, dtype);
  if (dtype !== "bool" && !isHalf(dtype) && name !== undefined && SIMD[shapeOf(operand)][name] !== undefined) {
    body.simd(shapeOf(operand), name);
    if (compare !== undefined) widenMask(context, dtype, lanes);
    return;
  }
  const result: Typed = { dtype: compare === undefined ? dtype : "bool", lanes };
  lanewiseOnStack(context, [operand, operand], result, () => emitBinary(context, op, dtype));
}

function boolOperation(op: BinaryOp): number | undefined {
  if (op === "eq" || op === "ne") return V128.xor;
  if (op === "min" || op === "and") return V128.and;
  return op === "max" || op === "or" ? V128.or : undefined;
}

function arithmetic(op: BinaryOp, dtype: DType): Operation | undefined {
  if (op === "add" || op === "sub" || op === "mul") return op;
  if (op === "div" && isFloat(dtype)) return "div";
  if (op !== "min" && op !== "max") return undefined;
  return isFloat(dtype) ? `p${op}` : `${op}${signSuffix(dtype)}`;
}

/** A shift of every lane by the same constant. */
export function emitVectorShift({ body }: FunctionContext, op: "shl" | "shr", type: Typed, amount: number): void {
  body.i32(amount);
  body.simd(shapeOf(type), op === "shl" ? "shl" : isSigned(type.dtype) ? "shrS" : "shrU");
}

/** Three vectors `whenTrue`, `whenFalse`, mask are on the stack. */
export function emitVectorSelect(context: FunctionContext, type: Typed): void {
  if (type.dtype !== "bool") narrowMask(context, type.dtype, type.lanes);
  context.body.op(V128.bitselect);
}

/** Conversion of value, lanes kept. */
export function emitVectorCast(context: FunctionContext, from: DType, to: DType, lanes: number): void {
  if (from === to) return;
  const source = { dtype: from, lanes };
  const target = { dtype: to, lanes };
  const floats = [isFloat(from), isFloat(to)] as const;
  if (isHalf(from) || isHalf(to)) lanewiseOnStack(context, [source], target, () => emitCast(context, from, to));
  else if (to === "bool") toMask(context, source);
  else if (from === "bool") fromMask(context, target);
  else if (floats[0] && floats[1]) context.body.op(to === "float64" ? V128.promoteLowF32x4 : V128.demoteF64x2Zero);
  else if (!floats[0] && !floats[1]) resizeLanes(context, elementBytes(from), elementBytes(to), lanes, isSigned(from));
  else if (elementBytes(from) === 8 && !floats[0])
    lanewiseOnStack(context, [source], target, () => emitCast(context, from, to));
  else if (elementBytes(to) === 8 && !floats[1])
    lanewiseOnStack(context, [source], target, () => emitCast(context, from, to));
  else if (floats[0]) floatToInteger(context, from, to, lanes);
  else integerToFloat(context, from, to, lanes);
}

function toMask(context: FunctionContext, source: Typed): void {
  pushConstantVector(context, source, [source.dtype === "int64" || source.dtype === "uint64" ? 0n : 0]);
  context.body.simd(shapeOf(source), "ne");
  widenMask(context, source.dtype, source.lanes);
}

function fromMask(context: FunctionContext, target: Typed): void {
  narrowMask(context, target.dtype, target.lanes);
  pushConstantVector(context, target, [1]);
  context.body.op(V128.and);
}

function floatToInteger(context: FunctionContext, from: DType, to: DType, lanes: number): void {
  const { body } = context;
  const narrow = elementBytes(to) < 4;
  const unsigned = !isSigned(to) && !narrow;
  if (from === "float64") body.op(unsigned ? V128.truncSatF64x2UZero : V128.truncSatF64x2SZero);
  else body.op(unsigned ? V128.truncSatF32x4U : V128.truncSatF32x4S);
  if (!narrow) return;
  const bits = elementBytes(to) * 8;
  const [low, high] = isSigned(to) ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  const held = { dtype: "int32", lanes } as const;
  pushConstantVector(context, held, [low]);
  body.simd("i32x4", "maxS");
  pushConstantVector(context, held, [high]);
  body.simd("i32x4", "minS");
  resizeLanes(context, 4, elementBytes(to), lanes, true);
}

function integerToFloat(context: FunctionContext, from: DType, to: DType, lanes: number): void {
  resizeLanes(context, elementBytes(from), 4, lanes, isSigned(from));
  const unsigned = from === "uint32";
  if (to === "float64") context.body.op(unsigned ? V128.convertLowI32x4U : V128.convertLowI32x4S);
  else context.body.op(unsigned ? V128.convertI32x4U : V128.convertI32x4S);
}

/** The same bits as another type of the same width: nothing to do but for bool, which is a mask. */
export function emitVectorReinterpret(context: FunctionContext, from: DType, to: DType, lanes: number): void {
  if ((from === "bool") === (to === "bool")) return;
  lanewiseOnStack(context, [{ dtype: from, lanes }], { dtype: to, lanes }, () => emitReinterpret(context, from, to));
}

/** `base + stride · lane`: the scalars base and stride are on the stack, stride in a local when it is no constant. */
export function emitRamp(context: FunctionContext, type: Typed): void {
  const { body } = context;
  pushConstantVector(
    context,
    type,
    Array.from({ length: 16 / laneBytes(type) }, (_, lane) => lane),
  );
  const shape = shapeOf(type);
  if (SIMD[shape].mul !== undefined) body.simd(shape, "mul");
  else lanewiseOnStack(context, [type, type], type, () => emitBinary(context, "mul", type.dtype));
  body.simd(shape, "add");
}
