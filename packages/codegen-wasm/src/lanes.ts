/** Single lanes, masks, and operators that SIMD lacks: done lane by lane with the scalar code. */
import type { DType } from "@tilewright/ir";
import { type FunctionContext, withLocal } from "./context.js";
import type { Local } from "./function-body.js";
import { OP, V128 } from "./opcodes.js";
import { elementBytes, isHalf, laneBytes, shapeOf, signSuffix, type Typed } from "./representation.js";
import { constantBytes, decodeHalf, encodeHalf } from "./scalar.js";

/** The vector on the stack becomes one lane, in the scalar representation. */
export function extractLane(context: FunctionContext, type: Typed, lane: number): void {
  const { body } = context;
  const shape = shapeOf(type);
  const narrow = shape === "i8x16" || shape === "i16x8";
  const suffix = isHalf(type.dtype) ? "U" : signSuffix(type.dtype);
  body.simd(shape, narrow ? `extract${suffix}` : "extract");
  body.code.byte(lane);
  if (isHalf(type.dtype)) decodeHalf(context, type.dtype);
  if (type.dtype !== "bool") return;
  if (shape === "i64x2") body.op(OP.i32WrapI64);
  body.i32(1);
  body.scalar("i32", "and");
}

/** A vector and a scalar are on the stack: the scalar replaces the lane. */
export function replaceLane(context: FunctionContext, type: Typed, lane: number): void {
  toLane(context, type);
  context.body.simd(shapeOf(type), "replace");
  context.body.code.byte(lane);
}

/** The scalar on the stack in every lane. */
export function splat(context: FunctionContext, type: Typed): void {
  toLane(context, type);
  context.body.simd(shapeOf(type), "splat");
}

/** From the scalar representation to what a lane holds. */
function toLane(context: FunctionContext, type: Typed): void {
  const { body } = context;
  if (isHalf(type.dtype)) encodeHalf(context, type.dtype);
  if (type.dtype !== "bool") return;
  body.i32(-1);
  body.scalar("i32", "mul");
  if (shapeOf(type) === "i64x2") body.op(OP.i64ExtendI32S);
}

/** A constant in every lane; all 16 bytes are filled. */
export function pushConstantVector(
  { body }: FunctionContext,
  type: Typed,
  values: readonly (number | bigint | boolean)[],
): void {
  const width = laneBytes(type);
  const bytes = new Uint8Array(16);
  for (let lane = 0; lane < 16 / width; lane++) {
    bytes.set(constantBytes(type.dtype, values[lane % values.length] ?? 0, width), lane * width);
  }
  body.v128(bytes);
}

/** Runs `emitScalar` on each lane of vectors held in locals: it finds one scalar of each on the stack and leaves the result. */
export function lanewise(
  context: FunctionContext,
  inputs: readonly { readonly local: Local; readonly type: Typed }[],
  result: Typed,
  emitScalar: () => void,
): void {
  context.body.v128(new Uint8Array(16));
  for (let lane = 0; lane < result.lanes; lane++) {
    for (const { local, type } of inputs) {
      context.body.get(local);
      extractLane(context, type, lane);
    }
    emitScalar();
    replaceLane(context, result, lane);
  }
}

/** `lanewise` on the vectors on the stack, one for each type. */
export function lanewiseOnStack(
  context: FunctionContext,
  types: readonly Typed[],
  result: Typed,
  emitScalar: () => void,
): void {
  const inputs = types.map((type) => ({ type, local: context.body.local("v128", "v") }));
  for (const { local } of inputs.toReversed()) context.body.set(local);
  lanewise(context, inputs, result, emitScalar);
  for (const { local } of inputs) context.body.release(local);
}

/** Lanes of `from` bytes on the stack become lanes of `to` bytes at the low end: the low bytes, or extended by sign or with zeros. */
export function resizeLanes(context: FunctionContext, from: number, to: number, lanes: number, signed: boolean): void {
  const { body } = context;
  for (let width = from; width < to; width *= 2) body.op(EXTEND[width]?.[signed ? 0 : 1] ?? V128.extendLowI8x16S);
  if (to >= from) return;
  withLocal(context, "v128", (source) => {
    body.tee(source);
    body.get(source);
    body.op(V128.shuffle);
    for (let byte = 0; byte < 16; byte++) {
      const lane = Math.floor(byte / to) % lanes;
      body.code.byte(lane * from + (byte % to));
    }
  });
}

const EXTEND: Readonly<Record<number, readonly [number, number]>> = {
  1: [V128.extendLowI8x16S, V128.extendLowI8x16U],
  2: [V128.extendLowI16x8S, V128.extendLowI16x8U],
  4: [V128.extendLowI32x4S, V128.extendLowI32x4U],
};

/** A comparison of elements of `dtype` on the stack becomes the mask of its lanes. */
export function widenMask(context: FunctionContext, dtype: DType, lanes: number): void {
  resizeLanes(context, elementBytes(dtype), 16 / lanes, lanes, true);
}

/** The mask on the stack becomes one with lanes as wide as elements of `dtype`. */
export function narrowMask(context: FunctionContext, dtype: DType, lanes: number): void {
  resizeLanes(context, 16 / lanes, elementBytes(dtype), lanes, true);
}
