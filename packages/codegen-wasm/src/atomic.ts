/** Atomic updates. On one thread a load and a store; on shared memory an instruction, or a loop of compare-and-exchange. */
import { type Atomic, type Buffer, build, type Expr, isFloat } from "@tilewright/ir";
import { type FunctionContext, withLocal } from "./context.js";
import { emitAddress, emitScalarLoad, emitStore } from "./memory.js";
import { ATOMIC, OP } from "./opcodes.js";
import { elementBytes, scalarType } from "./representation.js";
import { emitBinary, emitReinterpret, wrap } from "./scalar.js";

const BINARY = { add: "add", min: "min", max: "max", and: "bitand", or: "bitor", xor: "bitxor" } as const;

export function emitAtomic(context: FunctionContext, atomic: Atomic): void {
  const { op, buffer, indices, value } = atomic;
  const [index] = indices as readonly [Expr];
  if (!context.module.options.shared) emitPlain(context, atomic);
  else if (isFloat(buffer.dtype) || op === "min" || op === "max") emitLoop(context, atomic);
  else {
    const bytes = elementBytes(buffer.dtype);
    const offset = emitAddress(context, buffer, index);
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
function emitLoop(context: FunctionContext, { op, buffer, indices, value }: Atomic): void {
  const { body } = context;
  const { dtype } = buffer;
  const [index] = indices as readonly [Expr];
  if (op === "exchange" || op === "and" || op === "or" || op === "xor") {
    emitExchange(context, buffer, index, value);
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
      const offset = emitAddress(context, buffer, index);
      emitScalarLoad(context, buffer, index);
      emitReinterpret(context, dtype, asBits);
      body.tee(old);
      body.get(old);
      emitReinterpret(context, asBits, dtype);
      body.get(operand);
      emitBinary(context, op, dtype);
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

function emitExchange(context: FunctionContext, buffer: Buffer, index: Expr, value: Expr): void {
  const bytes = elementBytes(buffer.dtype);
  const offset = emitAddress(context, buffer, index);
  context.expression(value);
  if (buffer.dtype === "float32") emitReinterpret(context, "float32", "int32");
  if (buffer.dtype === "float64") emitReinterpret(context, "float64", "int64");
  context.body.memory(ATOMIC.exchange[bytes] ?? 0, Math.log2(bytes), offset);
  context.body.op(OP.drop);
}
