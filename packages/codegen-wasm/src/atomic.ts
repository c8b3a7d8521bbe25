/** Atomic updates. On one thread a load and a store; on shared memory an instruction, or a loop of compare-and-exchange. */
import { CompileError } from "@tilewright/diagnostics";
import { type Atomic, build, isFloat } from "@tilewright/ir";
import { type FunctionContext, withLocal } from "./context.js";
import { notDeviceLevel, unsupportedOperator } from "./errors.js";
import { emitAddress, emitScalarLoad, emitStore } from "./memory.js";
import { ATOMIC, OP } from "./opcodes.js";
import { elementBytes, isHalf, scalarType } from "./representation.js";
import { emitBinary, emitReinterpret, wrap } from "./scalar.js";

const BINARY = { add: "add", min: "min", max: "max", and: "bitand", or: "bitor", xor: "bitxor" } as const;

/** @throws CompileError `BE203` half floats · `BE210` several indices */
export function emitAtomic(context: FunctionContext, atomic: Atomic): void {
  const { op, buffer, indices, value, span } = atomic;
  const index = indices[0];
  if (index === undefined || indices.length > 1)
    throw new CompileError(notDeviceLevel("an atomic with several indices", "one flat index", span));
  if (
    value.lanes > 1 ||
    isHalf(buffer.dtype) ||
    (isFloat(buffer.dtype) && (op === "and" || op === "or" || op === "xor"))
  ) {
    throw new CompileError(unsupportedOperator(`atomic ${op}`, buffer.dtype, span));
  }
  if (!context.module.options.shared) emitPlain(context, atomic);
  else if (isFloat(buffer.dtype) || op === "min" || op === "max") emitLoop(context, atomic);
  else {
    const bytes = elementBytes(buffer.dtype);
    const offset = emitAddress(context, buffer, index, span);
    context.expression(value);
    context.body.memory(ATOMIC[op][bytes] ?? 0, Math.log2(bytes), offset);
    context.body.op(OP.drop); // the old value
  }
}

function emitPlain(context: FunctionContext, { op, buffer, indices, value, span }: Atomic): void {
  const load = build.load(buffer, indices);
  const updated = op === "exchange" ? value : build.binary(BINARY[op], load, value);
  emitStore(context, { kind: "Store", span, buffer, indices, value: updated, predicate: null });
}

/** Until nobody came between: read, compute, compare and exchange. */
function emitLoop(context: FunctionContext, { op, buffer, indices, value, span }: Atomic): void {
  const { body } = context;
  const { dtype } = buffer;
  const index = indices[0];
  if (index === undefined) return;
  if (op === "exchange" || op === "and" || op === "or" || op === "xor") {
    emitExchange(context, buffer, indices, value, span);
    return;
  }
  const bytes = elementBytes(dtype);
  const bits = bytes === 8 ? "i64" : "i32";
  const asBits = dtype === "float32" ? "int32" : dtype === "float64" ? "int64" : dtype;
  withLocal(context, scalarType(dtype), (operand) =>
    withLocal(context, bits, (old) => {
      context.expression(value);
      body.set(operand);
      body.open(OP.loop);
      emitAddress(context, buffer, index, span);
      body.op(OP.drop);
      const offset = emitAddress(context, buffer, index, span);
      emitScalarLoad(context, buffer, index, span);
      emitReinterpret(context, dtype, asBits);
      body.tee(old);
      body.get(old);
      emitReinterpret(context, asBits, dtype);
      body.get(operand);
      emitBinary(context, op, dtype, span);
      emitReinterpret(context, dtype, asBits);
      body.memory(ATOMIC.compareExchange[bytes] ?? 0, Math.log2(bytes), offset);
      if (bits === "i32") wrap(context, asBits);
      body.get(old);
      body.scalar(bits, "ne");
      body.branch(OP.brIf, 0);
      body.end();
    }),
  );
}

function emitExchange(
  context: FunctionContext,
  buffer: Atomic["buffer"],
  indices: Atomic["indices"],
  value: Atomic["value"],
  span: Atomic["span"],
): void {
  const index = indices[0];
  if (index === undefined) return;
  const bytes = elementBytes(buffer.dtype);
  const offset = emitAddress(context, buffer, index, span);
  context.expression(value);
  if (buffer.dtype === "float32") emitReinterpret(context, "float32", "int32");
  if (buffer.dtype === "float64") emitReinterpret(context, "float64", "int64");
  context.body.memory(ATOMIC.exchange[bytes] ?? 0, Math.log2(bytes), offset);
  context.body.op(OP.drop);
}
