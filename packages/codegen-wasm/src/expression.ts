/** Expressions: pushes the value of one. Long chains of binary operators are walked without recursion. */
import { CompileError } from "@tilewright/diagnostics";
import {
  type Binary,
  CONTRACT,
  type Expr,
  type IfThenElse,
  isConst,
  isInteger,
  type Ramp,
  type Select,
  type Shuffle,
} from "@tilewright/ir";
import { type FunctionContext, localOf, withLocal } from "./context.js";
import { notDeviceLevel, unsupportedOperator } from "./errors.js";
import { emitConstantDivision, isDivision } from "./integer-division.js";
import { extractLane, pushConstantVector, replaceLane, splat } from "./lanes.js";
import { emitLoad, emitSplatLoad } from "./memory.js";
import { isNonNegative } from "./non-negative.js";
import { OP, V128 } from "./opcodes.js";
import { checkType, elementBytes, isHalf, laneBytes, type Typed, valueType } from "./representation.js";
import { emitBinary, emitCast, emitConstant, emitReinterpret, emitUnary } from "./scalar.js";
import {
  emitRamp,
  emitVectorBinary,
  emitVectorCast,
  emitVectorReinterpret,
  emitVectorSelect,
  emitVectorShift,
  emitVectorUnary,
} from "./vector.js";

/** @throws CompileError `BE201`, `BE203`, `BE204`, `BE209`, `BE210` for what the target or this level has not */
export function emitExpression(context: FunctionContext, expr: Expr): void {
  checkType(expr, context.module.options.simd, expr.span);
  const { body } = context;
  switch (expr.kind) {
    case "Const":
      return emitConstant(context, expr.dtype, expr.value);
    case "Var":
      return body.get(localOf(context, expr));
    case "Unary":
      context.expression(expr.operand);
      if (expr.lanes === 1) return emitUnary(context, expr.op, expr.dtype, expr.span);
      return emitVectorUnary(context, expr.op, expr, expr.span);
    case "Binary":
      return emitBinaryChain(context, expr);
    case "Select":
      return emitSelect(context, expr);
    case "IfThenElse":
      return emitIfThenElse(context, expr);
    case "Cast":
      context.expression(expr.operand);
      if (expr.lanes === 1) return emitCast(context, expr.operand.dtype, expr.dtype);
      return emitVectorCast(context, expr.operand.dtype, expr.dtype, expr.lanes);
    case "Reinterpret":
      context.expression(expr.operand);
      if (expr.lanes === 1) return emitReinterpret(context, expr.operand.dtype, expr.dtype);
      return emitVectorReinterpret(context, expr.operand.dtype, expr.dtype, expr.lanes);
    case "Load":
      return emitLoad(context, expr);
    case "Ramp":
      return emitRampValue(context, expr);
    case "Broadcast":
      return emitBroadcast(context, expr.operand, expr);
    case "Shuffle":
      return emitShuffle(context, expr);
    case "Call":
      throw new CompileError(unsupportedOperator(expr.intrinsic, "an intrinsic", expr.span));
    default:
      throw new CompileError(notDeviceLevel(`\`${expr.kind}\``, "loop IR after lowering", expr.span));
  }
}

/** The left spine first, so that sums of thousands of terms do not nest. */
function emitBinaryChain(context: FunctionContext, top: Binary): void {
  const spine: Binary[] = [];
  let leftmost: Expr = top;
  while (leftmost.kind === "Binary" && fusedParts(context, leftmost) === null) {
    checkType(leftmost.left, context.module.options.simd, leftmost.span);
    spine.push(leftmost);
    leftmost = leftmost.left;
  }
  if (leftmost.kind === "Binary") emitFused(context, leftmost);
  else context.expression(leftmost);
  for (const node of spine.reverse()) emitOperation(context, node);
}

/** The left operand is on the stack. */
function emitOperation(context: FunctionContext, node: Binary): void {
  const { op, left, right, span } = node;
  if (
    left.lanes > 1 &&
    (op === "shl" || op === "shr") &&
    right.kind === "Broadcast" &&
    isConst(right.operand) &&
    !isHalf(left.dtype)
  ) {
    const amount = Number(right.operand.value);
    if (amount >= 0 && amount < elementBytes(left.dtype) * 8) return emitVectorShift(context, op, left, amount);
  }
  if (left.lanes === 1 && isDivision(op) && isConst(right) && BigInt(right.value) > 0n && !isWrappedDivisor(node)) {
    return emitConstantDivision(context, op, left.dtype, BigInt(right.value), isNonNegative(left, context.nonNegative));
  }
  context.expression(right);
  if (left.lanes === 1) emitBinary(context, op, left.dtype, span);
  else emitVectorBinary(context, op, left, span);
}

/** A constant of an unsigned type beyond the signed range would change the signed forms. */
function isWrappedDivisor({ right }: Binary): boolean {
  return right.kind === "Const" && !isInteger(right.dtype) && right.dtype !== "index";
}

/** Operands of `a · b + c` or `c − a · b`, where both nodes may be contracted and the engine has the instruction. */
function fusedParts(context: FunctionContext, node: Binary): { readonly product: Binary; readonly sum: Expr } | null {
  if (!context.module.options.relaxed || node.lanes * elementBytes(node.dtype) !== 16 || (node.fast & CONTRACT) === 0)
    return null;
  if ((node.op !== "add" && node.op !== "sub") || (node.dtype !== "float32" && node.dtype !== "float64")) return null;
  const fusible = (side: Expr): side is Binary =>
    side.kind === "Binary" && side.op === "mul" && (side.fast & CONTRACT) !== 0;
  if (fusible(node.right)) return { product: node.right, sum: node.left };
  return node.op === "add" && fusible(node.left) ? { product: node.left, sum: node.right } : null;
}

function emitFused(context: FunctionContext, node: Binary): void {
  const parts = fusedParts(context, node);
  if (parts === null) return;
  context.expression(parts.product.left);
  context.expression(parts.product.right);
  context.expression(parts.sum);
  const single = node.dtype === "float32";
  if (node.op === "add") context.body.op(single ? V128.relaxedMaddF32x4 : V128.relaxedMaddF64x2);
  else context.body.op(single ? V128.relaxedNmaddF32x4 : V128.relaxedNmaddF64x2);
}

function emitSelect(context: FunctionContext, { condition, whenTrue, whenFalse, dtype, lanes }: Select): void {
  context.expression(whenTrue);
  context.expression(whenFalse);
  context.expression(condition);
  if (condition.lanes === 1) selectByScalar(context, { dtype, lanes });
  else emitVectorSelect(context, { dtype, lanes });
}

/** The untyped `select` is for numbers; vectors need the one with a type. */
function selectByScalar({ body }: FunctionContext, type: Typed): void {
  if (type.lanes === 1) return body.op(OP.select);
  body.op(0x1c);
  body.code.u32(1);
  body.code.byte(0x7b);
}

function emitIfThenElse(context: FunctionContext, expr: IfThenElse): void {
  const { body } = context;
  const { condition, whenTrue, whenFalse } = expr;
  if (condition.lanes > 1) return emitLanewiseChoice(context, expr);
  context.expression(condition);
  body.open(OP.if, valueType(expr));
  context.expression(whenTrue);
  body.otherwise();
  context.expression(whenFalse);
  body.end();
}

/** Each arm is computed if a lane needs it, and touches memory only for those lanes. */
function emitLanewiseChoice(
  context: FunctionContext,
  { condition, whenTrue, whenFalse, dtype, lanes }: IfThenElse,
): void {
  const { body } = context;
  const outer = context.mask;
  const mask = { dtype: "bool", lanes } as const;
  withLocal(context, "v128", (chosen) =>
    withLocal(context, "v128", (active) => {
      const arm = (value: Expr, inverted: boolean): void => {
        body.get(chosen);
        if (inverted) body.op(V128.not);
        if (outer !== null && outer.lanes === lanes) body.get(outer.local), body.op(V128.and);
        body.tee(active);
        body.op(V128.anyTrue);
        body.open(OP.if, "v128");
        context.mask = { local: active, lanes };
        context.expression(value);
        context.mask = outer;
        body.otherwise();
        pushConstantVector(context, mask, [false]);
        body.end();
      };
      context.expression(condition);
      body.set(chosen);
      arm(whenTrue, false);
      arm(whenFalse, true);
      body.get(chosen);
    }),
  );
  emitVectorSelect(context, { dtype, lanes });
}

function emitRampValue(context: FunctionContext, { base, stride, dtype, lanes }: Ramp): void {
  const type = { dtype, lanes };
  context.expression(base);
  splat(context, type);
  if (isConst(stride)) {
    const step = stride.value;
    const values = Array.from({ length: 16 / laneBytes(type) }, (_, lane) =>
      typeof step === "bigint" ? step * BigInt(lane) : Number(step) * lane,
    );
    pushConstantVector(context, type, values);
    context.body.simd(
      elementBytes(dtype) === 4
        ? "i32x4"
        : elementBytes(dtype) === 8
          ? "i64x2"
          : elementBytes(dtype) === 2
            ? "i16x8"
            : "i8x16",
      "add",
    );
    return;
  }
  context.expression(stride);
  splat(context, type);
  emitRamp(context, type);
}

function emitBroadcast(context: FunctionContext, operand: Expr, type: Typed): void {
  if (operand.kind === "Const") return pushConstantVector(context, type, [operand.value]);
  if (operand.kind === "Load" && operand.predicate === null && operand.indices[0]?.lanes === 1)
    return emitSplatLoad(context, operand, type.lanes);
  context.expression(operand);
  splat(context, type);
}

function emitShuffle(context: FunctionContext, expr: Shuffle): void {
  const { body } = context;
  const { vectors, picks, dtype } = expr;
  const first = vectors[0];
  const sources = vectors.flatMap((vector, position) =>
    Array.from({ length: vector.lanes }, (_, lane) => ({ position, lane })),
  );
  const result = { dtype, lanes: picks.length };
  if (first === undefined || picks.some((pick) => sources[pick] === undefined)) {
    throw new CompileError(
      notDeviceLevel("`Shuffle` of lanes that are not there", "picks within the vectors", expr.span),
    );
  }
  if (vectors.length <= 2 && picks.length > 1 && dtype !== "bool" && vectors.every(({ lanes }) => lanes > 1)) {
    context.expression(first);
    const bytes = elementBytes(dtype);
    const write = (): void => {
      for (let byte = 0; byte < 16; byte++) {
        const source = sources[picks[Math.floor(byte / bytes) % picks.length] ?? 0];
        body.code.byte((source?.position ?? 0) * 16 + (source?.lane ?? 0) * bytes + (byte % bytes));
      }
    };
    if (vectors[1] !== undefined) context.expression(vectors[1]), body.op(V128.shuffle), write();
    else withLocal(context, "v128", (held) => (body.tee(held), body.get(held), body.op(V128.shuffle), write()));
    return;
  }
  const held = vectors.map((vector) => {
    const local = body.local(valueType(vector), "v");
    context.expression(vector);
    body.set(local);
    return local;
  });
  const extract = (pick: number): void => {
    const { position, lane } = sources[pick] ?? { position: 0, lane: 0 };
    const vector = vectors[position];
    const local = held[position];
    if (vector === undefined || local === undefined) return;
    body.get(local);
    if (vector.lanes > 1) extractLane(context, vector, lane);
  };
  if (picks.length === 1) extract(picks[0] ?? 0);
  else {
    body.v128(new Uint8Array(16));
    picks.forEach((pick, lane) => {
      extract(pick);
      replaceLane(context, result, lane);
    });
  }
  for (const local of held) body.release(local);
}
