/** Expressions: pushes the value of one. Long chains of binary operators are walked without recursion. */
import { CompileError, invariant } from "@tilewright/diagnostics";
import {
  type Binary,
  CONTRACT,
  type Const,
  type Expr,
  type IfThenElse,
  isConst,
  isInteger,
  type Ramp,
  type Select,
  type Shuffle,
} from "@tilewright/ir";
import { type FunctionContext, localOf, withLocal } from "./context.js";
import { intrinsicValue } from "./errors.js";
import { emitConstantDivision, isDivision } from "./integer-division.js";
import { extractLane, pushConstantVector, replaceLane, splat } from "./lanes.js";
import { emitLoad, emitSplatLoad } from "./memory.js";
import { isNonNegative } from "./non-negative.js";
import { OP, V128 } from "./opcodes.js";
import { elementBytes, laneBytes, type Typed, valueType } from "./representation.js";
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

type Emitters = {
  readonly [K in Expr["kind"]]?: (context: FunctionContext, expr: Extract<Expr, { readonly kind: K }>) => void;
};

const EMITTERS: Emitters = {
  Const: (context, expr) => emitConstant(context, expr.dtype, expr.value),
  Var: (context, expr) => context.body.get(localOf(context, expr)),
  Unary: (context, expr) => {
    context.expression(expr.operand);
    if (expr.lanes === 1) emitUnary(context, expr.op, expr.dtype);
    else emitVectorUnary(context, expr.op, expr);
  },
  Binary: (context, expr) => emitBinaryChain(context, expr),
  Select: (context, expr) => emitSelect(context, expr),
  IfThenElse: (context, expr) => emitIfThenElse(context, expr),
  Cast: (context, expr) => {
    context.expression(expr.operand);
    if (expr.lanes === 1) emitCast(context, expr.operand.dtype, expr.dtype);
    else emitVectorCast(context, expr.operand.dtype, expr.dtype, expr.lanes);
  },
  Reinterpret: (context, expr) => {
    context.expression(expr.operand);
    if (expr.lanes === 1) emitReinterpret(context, expr.operand.dtype, expr.dtype);
    else emitVectorReinterpret(context, expr.operand.dtype, expr.dtype, expr.lanes);
  },
  Load: (context, expr) => emitLoad(context, expr),
  Ramp: (context, expr) => emitRampValue(context, expr),
  Broadcast: (context, expr) => emitBroadcast(context, expr.operand, expr),
  Shuffle: (context, expr) => emitShuffle(context, expr),
  Call: (_, expr) => {
    throw new CompileError(intrinsicValue(expr.intrinsic, expr.span));
  },
};

/** @throws CompileError `BE203` an intrinsic */
export function emitExpression(context: FunctionContext, expr: Expr): void {
  const emit = EMITTERS[expr.kind] as ((context: FunctionContext, expr: Expr) => void) | undefined;
  invariant(emit !== undefined, `\`${expr.kind}\` is not loop IR`);
  emit(context, expr);
}

/** The left spine first, so that sums of thousands of terms do not nest. */
function emitBinaryChain(context: FunctionContext, top: Binary): void {
  const spine: Binary[] = [];
  let leftmost: Expr = top;
  while (leftmost.kind === "Binary" && fusedParts(context, leftmost) === null) {
    spine.push(leftmost);
    leftmost = leftmost.left;
  }
  if (leftmost.kind === "Binary") emitFused(context, leftmost);
  else context.expression(leftmost);
  for (const node of spine.reverse()) emitOperation(context, node);
}

/** The left operand is on the stack. */
function emitOperation(context: FunctionContext, node: Binary): void {
  const { op, left, right } = node;
  if (left.lanes > 1 && (op === "shl" || op === "shr") && right.kind === "Broadcast" && isConst(right.operand)) {
    emitVectorShift(context, op, left, Number(right.operand.value) & (elementBytes(left.dtype) * 8 - 1));
  } else if (left.lanes === 1 && isDivision(op) && isPositiveInteger(right)) {
    emitConstantDivision(context, op, left.dtype, BigInt(right.value), isNonNegative(left, context.nonNegative));
  } else {
    context.expression(right);
    if (left.lanes === 1) emitBinary(context, op, left.dtype);
    else emitVectorBinary(context, op, left);
  }
}

function isPositiveInteger(expr: Expr): expr is Const {
  return isConst(expr) && (isInteger(expr.dtype) || expr.dtype === "index") && BigInt(expr.value) > 0n;
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
  if (type.lanes === 1) body.op(OP.select);
  else {
    body.op(0x1c);
    body.code.u32(1);
    body.code.byte(0x7b);
  }
}

function emitIfThenElse(context: FunctionContext, expr: IfThenElse): void {
  const { body } = context;
  const { condition, whenTrue, whenFalse } = expr;
  context.expression(condition);
  body.open(OP.if, valueType(expr));
  context.expression(whenTrue);
  body.otherwise();
  context.expression(whenFalse);
  body.end();
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
  if (operand.kind === "Const") pushConstantVector(context, type, [operand.value]);
  else if (operand.kind === "Load" && operand.predicate === null) {
    emitSplatLoad(context, operand, type.lanes);
  } else {
    context.expression(operand);
    splat(context, type);
  }
}

/** A lane of one of the vectors of a shuffle. */
interface LaneSource {
  readonly position: number;
  readonly lane: number;
}

function emitShuffle(context: FunctionContext, expr: Shuffle): void {
  const { vectors, picks, dtype } = expr;
  const all = vectors.flatMap((vector, position) =>
    Array.from({ length: vector.lanes }, (_, lane): LaneSource => ({ position, lane })),
  );
  const sources = picks.map((pick) => all[pick] as LaneSource);
  const byBytes =
    vectors.length <= 2 && picks.length > 1 && dtype !== "bool" && vectors.every(({ lanes }) => lanes > 1);
  if (byBytes) shuffleBytes(context, expr, sources);
  else shuffleLanes(context, expr, sources);
}

function shuffleBytes(context: FunctionContext, { vectors, dtype }: Shuffle, sources: readonly LaneSource[]): void {
  const { body } = context;
  const bytes = elementBytes(dtype);
  withLocal(context, "v128", (held) => {
    for (const vector of vectors) context.expression(vector);
    if (vectors.length === 1) {
      body.tee(held);
      body.get(held);
    }
    body.op(V128.shuffle);
  });
  for (let byte = 0; byte < 16; byte++) {
    const { position, lane } = sources[Math.floor(byte / bytes) % sources.length] as LaneSource;
    body.code.byte(position * 16 + lane * bytes + (byte % bytes));
  }
}

function shuffleLanes(
  context: FunctionContext,
  { vectors, picks, dtype }: Shuffle,
  sources: readonly LaneSource[],
): void {
  const { body } = context;
  const held = vectors.map((vector) => {
    const local = body.local(valueType(vector), "v");
    context.expression(vector);
    body.set(local);
    return { vector, local };
  });
  const extract = ({ position, lane }: LaneSource): void => {
    const { vector, local } = held[position] as (typeof held)[number];
    body.get(local);
    if (vector.lanes > 1) extractLane(context, vector, lane);
  };
  if (picks.length > 1) body.v128(new Uint8Array(16));
  sources.forEach((source, lane) => {
    extract(source);
    if (picks.length > 1) replaceLane(context, { dtype, lanes: picks.length }, lane);
  });
  for (const { local } of held) body.release(local);
}
