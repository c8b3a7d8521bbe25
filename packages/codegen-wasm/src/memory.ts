/**
 * Loads and stores. An index `dynamic + constant` (in elements) becomes the address `base + dynamic · bytes` with the constant in the
 * instruction's offset. The address must not wrap below zero before the engine adds the offset: since the whole index is within the
 * buffer, `dynamic ≥ −constant`, and no buffer lies below `LOW_MEMORY_BYTES`, constants up to that many bytes are safe.
 */
import { LOW_MEMORY_BYTES } from "@tilewright/artifact";
import { type Binary, type Buffer, build, type Expr, isConst, type Load, type Store } from "@tilewright/ir";
import { type FunctionContext, placeOf } from "./context.js";
import { narrowMask, resizeLanes } from "./lanes.js";
import { LANE_STORE, OP, SPLAT_LOAD, V128 } from "./opcodes.js";
import { elementBytes, isHalf, scalarType } from "./representation.js";
import { decodeHalf, encodeHalf } from "./scalar.js";

/** `dynamic + constant`; null: zero. */
interface SplitIndex {
  readonly dynamic: Expr | null;
  readonly constant: number;
}

/** Separates the constant summand of an index. */
export function splitIndex(index: Expr): SplitIndex {
  if (isConst(index)) return { dynamic: null, constant: Number(index.value) };
  if (index.kind !== "Binary") return { dynamic: index, constant: 0 };
  if (index.op === "add" || index.op === "sub") return splitSum(index);
  if (index.op === "mul" && isConst(index.right)) {
    const { dynamic, constant } = splitIndex(index.left);
    if (constant !== 0) {
      return {
        dynamic: dynamic === null ? null : build.mul(dynamic, index.right),
        constant: constant * Number(index.right.value),
      };
    }
  }
  return { dynamic: index, constant: 0 };
}

function splitSum(index: Binary): SplitIndex {
  const left = splitIndex(index.left);
  const right = splitIndex(index.right);
  const subtract = index.op === "sub";
  const constant = left.constant + (subtract ? -right.constant : right.constant);
  if (left.constant === 0 && right.constant === 0 && left.dynamic !== null && right.dynamic !== null)
    return { dynamic: index, constant };
  if (right.dynamic === null) return { dynamic: left.dynamic, constant };
  if (left.dynamic === null && !subtract) return { dynamic: right.dynamic, constant };
  const from = left.dynamic ?? build.const(0, index.dtype);
  return { dynamic: subtract ? build.sub(from, right.dynamic) : build.add(from, right.dynamic), constant };
}

/** Pushes an address and returns the offset that the instruction must carry. */
export function emitAddress(context: FunctionContext, buffer: Buffer, index: Expr): number {
  const { body } = context;
  const place = placeOf(context, buffer);
  const bytes = elementBytes(buffer.dtype);
  const { dynamic, constant } = splitIndex(index);
  const offset = constant * bytes;
  body.get(place.base);
  if (dynamic !== null) {
    emitScaled(context, dynamic, bytes);
    body.scalar("i32", "add");
  }
  if (offset >= 0 && (dynamic === null || offset < LOW_MEMORY_BYTES)) return place.offset + offset;
  body.i32(offset);
  body.scalar("i32", "add");
  return place.offset;
}

/** Pushes `index · bytes`; a constant factor of the index joins the scale. */
function emitScaled(context: FunctionContext, index: Expr, bytes: number): void {
  const scaled = index.kind === "Binary" && index.op === "mul" && isConst(index.right) ? index : null;
  const scale = scaled === null ? bytes : Number((scaled.right as { readonly value: number }).value) * bytes;
  context.expression(scaled === null ? index : scaled.left);
  multiplyBy(context, scale);
}

/** The `i32` on the stack times a constant. */
export function multiplyBy({ body }: FunctionContext, factor: number): void {
  if (factor === 1) return;
  const power = Math.log2(factor);
  const shift = factor > 0 && Number.isInteger(power) && power < 32;
  body.i32(shift ? power : factor);
  body.scalar("i32", shift ? "shl" : "mul");
}

function alignOf(dtype: Buffer["dtype"]): number {
  return Math.log2(elementBytes(dtype));
}

const SCALAR_LOAD: Readonly<Partial<Record<Buffer["dtype"], number>>> = {
  bool: 0x2d, int8: 0x2c, uint8: 0x2d, int16: 0x2e, uint16: 0x2f, float16: 0x2f, bfloat16: 0x2f, int64: 0x29, uint64: 0x29,
  float32: 0x2a, float64: 0x2b,
}; // biome-ignore format: a table
const SCALAR_STORE: Readonly<Partial<Record<Buffer["dtype"], number>>> = {
  bool: 0x3a, int8: 0x3a, uint8: 0x3a, int16: 0x3b, uint16: 0x3b, float16: 0x3b, bfloat16: 0x3b, int64: 0x37, uint64: 0x37,
  float32: 0x38, float64: 0x39,
}; // biome-ignore format: a table

/** Where an access of lanes, which are neighbours, begins. */
function firstOf(index: Expr): Expr {
  return index.kind === "Ramp" ? index.base : index;
}

export function emitLoad(context: FunctionContext, load: Load): void {
  const { buffer, predicate } = load;
  const [index] = load.indices as readonly [Expr];
  if (load.lanes > 1) emitVectorLoad(context, load, firstOf(index));
  else if (predicate === null) emitScalarLoad(context, buffer, index);
  else emitGuardedLoad(context, buffer, index, predicate);
}

/** `predicate ? buffer[index] : 0` */
function emitGuardedLoad(context: FunctionContext, buffer: Buffer, index: Expr, predicate: Expr): void {
  const { body } = context;
  const held = scalarType(buffer.dtype);
  context.expression(predicate);
  body.open(OP.if, held);
  emitScalarLoad(context, buffer, index);
  body.otherwise();
  if (held === "i64") body.i64(0n);
  else if (held === "i32") body.i32(0);
  else if (held === "f32") body.f32(0);
  else body.f64(0);
  body.end();
}

export function emitScalarLoad(context: FunctionContext, buffer: Buffer, index: Expr): void {
  const { dtype } = buffer;
  const offset = emitAddress(context, buffer, index);
  context.body.memory(SCALAR_LOAD[dtype] ?? 0x28, alignOf(dtype), offset);
  if (isHalf(dtype)) decodeHalf(context, dtype);
  if (dtype !== "bool") return;
  context.body.i32(0); // any byte but 0 is true
  context.body.scalar("i32", "ne");
}

function emitVectorLoad(context: FunctionContext, load: Load, base: Expr): void {
  const { body } = context;
  const { dtype } = load.buffer;
  const offset = emitAddress(context, load.buffer, base);
  const bytes = elementBytes(dtype) * load.lanes;
  const align = alignOf(dtype);
  if (bytes === 16) body.memory(V128.load, align, offset);
  else if (bytes === 8) body.memory(V128.load64Zero, align, offset);
  else if (bytes === 4) body.memory(V128.load32Zero, align, offset);
  else body.memory(SPLAT_LOAD[2] ?? 0, align, offset);
  if (dtype === "bool") bytesToMask(context, load.lanes);
}

/** Bytes 0 or 1 at the low end become a mask. */
function bytesToMask(context: FunctionContext, lanes: number): void {
  context.body.v128(new Uint8Array(16));
  context.body.simd("i8x16", "ne");
  resizeLanes(context, 1, 16 / lanes, lanes, true);
}

/** A scalar load in every lane. */
export function emitSplatLoad(context: FunctionContext, load: Load, lanes: number): void {
  const { dtype } = load.buffer;
  const [index] = load.indices as readonly [Expr];
  const offset = emitAddress(context, load.buffer, index);
  context.body.memory(SPLAT_LOAD[elementBytes(dtype)] ?? 0, alignOf(dtype), offset);
  if (dtype === "bool") bytesToMask(context, lanes);
}

export function emitStore(context: FunctionContext, store: Store): void {
  const { body } = context;
  const { buffer, value, predicate } = store;
  const [index] = store.indices as readonly [Expr];
  if (predicate !== null) {
    context.expression(predicate);
    body.open(OP.if);
  }
  const offset = emitAddress(context, buffer, firstOf(index));
  context.expression(value);
  if (value.lanes > 1) {
    if (buffer.dtype === "bool") maskToBytes(context, value.lanes);
    writeLow(context, buffer, value.lanes, offset);
  } else {
    if (isHalf(buffer.dtype)) encodeHalf(context, buffer.dtype);
    body.memory(SCALAR_STORE[buffer.dtype] ?? 0x36, alignOf(buffer.dtype), offset);
  }
  if (predicate !== null) body.end();
}

/** Address and vector are on the stack: the low lanes go to memory. */
function writeLow({ body }: FunctionContext, buffer: Buffer, lanes: number, offset: number): void {
  const bytes = elementBytes(buffer.dtype) * lanes;
  if (bytes === 16) body.memory(V128.store, alignOf(buffer.dtype), offset);
  else body.memory(LANE_STORE[bytes] ?? 0, alignOf(buffer.dtype), offset, 0);
}

/** A mask becomes bytes 0 or 1 at the low end. */
function maskToBytes(context: FunctionContext, lanes: number): void {
  narrowMask(context, "bool", lanes);
  context.body.v128(new Uint8Array(16).fill(1));
  context.body.op(V128.and);
}
