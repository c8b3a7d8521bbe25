/**
 * Loads and stores. An index `dynamic + constant` (in elements) becomes the address `base + dynamic · bytes` with the constant in the
 * instruction's offset. The address must not wrap below zero before the engine adds the offset: since the whole index is within the
 * buffer, `dynamic ≥ −constant`, and no buffer lies below `LOW_MEMORY_BYTES`, constants up to that many bytes are safe.
 */
import { LOW_MEMORY_BYTES } from "@tilewright/artifact";
import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Binary, type Buffer, build, type Expr, isConst, type Load, type Ramp, type Store } from "@tilewright/ir";
import { type FunctionContext, placeOf, withLocal } from "./context.js";
import { notDeviceLevel } from "./errors.js";
import type { Local } from "./function-body.js";
import { extractLane, narrowMask, resizeLanes, splat } from "./lanes.js";
import { LANE_LOAD, LANE_STORE, OP, SPLAT_LOAD, V128 } from "./opcodes.js";
import { elementBytes, isHalf, scalarType, type Typed } from "./representation.js";
import { decodeHalf, encodeHalf } from "./scalar.js";
import { allTrue } from "./vector.js";

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
export function emitAddress(context: FunctionContext, buffer: Buffer, index: Expr, span: Span): number {
  const { body } = context;
  const place = placeOf(context, buffer, span);
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

function onlyIndex(indices: readonly Expr[], what: string, span: Span): Expr {
  const index = indices[0];
  if (index === undefined || indices.length !== 1) {
    throw new CompileError(notDeviceLevel(`${what} with ${indices.length} indices`, "one flat index", span));
  }
  return index;
}

/** Base and stride of an index with lanes, where it has this form. */
function asRamp(index: Expr): Pick<Ramp, "base" | "stride"> | null {
  if (index.kind === "Ramp") return index;
  if (index.kind === "Broadcast") return { base: index.operand, stride: build.const(0, index.dtype) };
  if (index.kind !== "Binary" || index.op !== "add") return null;
  const left = asRamp(index.left);
  const right = asRamp(index.right);
  if (left === null || right === null) return null;
  const stride = isConst(left.stride, 0)
    ? right.stride
    : isConst(right.stride, 0)
      ? left.stride
      : build.add(left.stride, right.stride);
  return { base: build.add(left.base, right.base), stride };
}

export function emitLoad(context: FunctionContext, load: Load): void {
  const { buffer, predicate, span } = load;
  const index = onlyIndex(load.indices, "a load", span);
  if (load.lanes === 1) {
    const guard = predicate;
    if (guard === null) emitScalarLoad(context, buffer, index, span);
    else
      guarded(
        context,
        load,
        () => context.expression(guard),
        () => emitScalarLoad(context, buffer, index, span),
      );
    return;
  }
  if (predicate === null)
    emitMaskedLoad(context, load, index, context.mask?.lanes === load.lanes ? context.mask.local : null);
  else {
    withLocal(context, "v128", (mask) => {
      context.expression(predicate);
      if (predicate.lanes === 1) splat(context, { dtype: "bool", lanes: load.lanes });
      context.body.set(mask);
      emitMaskedLoad(context, load, index, mask);
    });
  }
}

function emitMaskedLoad(context: FunctionContext, load: Load, index: Expr, mask: Local | null): void {
  const ramp = asRamp(index);
  const contiguous = ramp !== null && isConst(ramp.stride, 1);
  if (mask === null && contiguous) emitContiguousLoad(context, load, ramp.base);
  else if (mask === null) emitGather(context, load, index, ramp, null);
  else if (!contiguous) emitGather(context, load, index, ramp, mask);
  else {
    const { body } = context;
    body.get(mask);
    allTrue(context, load.lanes);
    body.open(OP.if, "v128");
    emitContiguousLoad(context, load, ramp.base);
    body.otherwise();
    emitGather(context, load, index, ramp, mask);
    body.end();
  }
}

/** `condition ? value : 0` for scalars. */
function guarded(context: FunctionContext, type: Typed, condition: () => void, value: () => void): void {
  const { body } = context;
  const held = scalarType(type.dtype);
  condition();
  body.open(OP.if, held);
  value();
  body.otherwise();
  if (held === "i64") body.i64(0n);
  else if (held === "i32") body.i32(0);
  else if (held === "f32") body.f32(0);
  else body.f64(0);
  body.end();
}

export function emitScalarLoad(context: FunctionContext, buffer: Buffer, index: Expr, span: Span): void {
  const { dtype } = buffer;
  const offset = emitAddress(context, buffer, index, span);
  context.body.memory(SCALAR_LOAD[dtype] ?? 0x28, alignOf(dtype), offset);
  if (isHalf(dtype)) decodeHalf(context, dtype);
  if (dtype !== "bool") return;
  context.body.i32(0); // any byte but 0 is true
  context.body.scalar("i32", "ne");
}

function emitContiguousLoad(context: FunctionContext, load: Load, base: Expr): void {
  const { body } = context;
  const { dtype } = load.buffer;
  const offset = emitAddress(context, load.buffer, base, load.span);
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
  const index = onlyIndex(load.indices, "a load", load.span);
  const offset = emitAddress(context, load.buffer, index, load.span);
  context.body.memory(SPLAT_LOAD[elementBytes(dtype)] ?? 0, alignOf(dtype), offset);
  if (dtype === "bool") bytesToMask(context, lanes);
}

/** Lane by lane, those that the mask leaves out stay zero. */
function emitGather(
  context: FunctionContext,
  load: Load,
  index: Expr,
  ramp: Pick<Ramp, "base" | "stride"> | null,
  mask: Local | null,
): void {
  const { body } = context;
  const { dtype } = load.buffer;
  const bits = { dtype: dtype === "bool" ? ("uint8" as const) : dtype, lanes: load.lanes };
  withLocal(context, "v128", (result) => {
    body.v128(new Uint8Array(16));
    body.set(result);
    forLanes(context, load.buffer, index, ramp, mask, load.span, (offset, lane) => {
      body.get(result);
      body.memory(LANE_LOAD[elementBytes(dtype)] ?? 0, alignOf(dtype), offset, lane);
      body.set(result);
    });
    body.get(result);
  });
  if (bits.dtype !== dtype) bytesToMask(context, load.lanes);
}

/** Pushes the address of each lane in turn, inside a branch when there is a mask. */
function forLanes(
  context: FunctionContext,
  buffer: Buffer,
  index: Expr,
  ramp: Pick<Ramp, "base" | "stride"> | null,
  mask: Local | null,
  span: Span,
  use: (offset: number, lane: number) => void,
): void {
  const { body } = context;
  const each = (address: (lane: number) => number): void => {
    for (let lane = 0; lane < index.lanes; lane++) {
      if (mask !== null) {
        body.get(mask);
        extractLane(context, { dtype: "bool", lanes: index.lanes }, lane);
        body.open(OP.if);
      }
      use(address(lane), lane);
      if (mask !== null) body.end();
    }
  };
  if (ramp !== null && isConst(ramp.stride)) {
    const { base, stride } = ramp;
    each((lane) =>
      emitAddress(context, buffer, build.add(base, build.const(lane * Number(stride.value), base.dtype)), span),
    );
    return;
  }
  const place = placeOf(context, buffer, span);
  withLocal(context, "v128", (indices) => {
    context.expression(index);
    body.set(indices);
    each((lane) => {
      body.get(place.base);
      body.get(indices);
      extractLane(context, index, lane);
      if (scalarType(index.dtype) === "i64") body.op(OP.i32WrapI64);
      multiplyBy(context, elementBytes(buffer.dtype));
      body.scalar("i32", "add");
      return place.offset;
    });
  });
}

export function emitStore(context: FunctionContext, store: Store): void {
  const { body } = context;
  const { buffer, value, predicate, span } = store;
  const index = onlyIndex(store.indices, "a store", span);
  if (index.lanes > 1 || value.lanes > 1) {
    emitVectorStore(context, store, index);
    return;
  }
  if (predicate !== null) {
    context.expression(predicate);
    body.open(OP.if);
  }
  const offset = emitAddress(context, buffer, index, span);
  context.expression(value);
  if (isHalf(buffer.dtype)) encodeHalf(context, buffer.dtype);
  body.memory(SCALAR_STORE[buffer.dtype] ?? 0x36, alignOf(buffer.dtype), offset);
  if (predicate !== null) body.end();
}

function emitVectorStore(context: FunctionContext, store: Store, index: Expr): void {
  const { body } = context;
  const { value, predicate, buffer } = store;
  const ramp = asRamp(index);
  if (predicate === null && ramp !== null && isConst(ramp.stride, 1)) {
    const offset = emitAddress(context, buffer, ramp.base, store.span);
    context.expression(value);
    if (buffer.dtype === "bool") maskToBytes(context, value.lanes);
    writeLow(context, buffer, value.lanes, offset);
    return;
  }
  withLocal(context, "v128", (held) =>
    withLocal(context, "v128", (mask) => {
      context.expression(value);
      if (buffer.dtype === "bool") maskToBytes(context, value.lanes);
      body.set(held);
      if (predicate !== null) {
        context.expression(predicate);
        if (predicate.lanes === 1) splat(context, { dtype: "bool", lanes: value.lanes });
        body.set(mask);
      }
      forLanes(context, buffer, index, ramp, predicate === null ? null : mask, store.span, (offset, lane) => {
        body.get(held);
        body.memory(LANE_STORE[elementBytes(buffer.dtype)] ?? 0, alignOf(buffer.dtype), offset, lane);
      });
    }),
  );
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
