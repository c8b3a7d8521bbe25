/**
 * The four integer divisions of the IR. A divisor of zero gives zero, the smallest integer divided by −1 wraps. Constant positive
 * divisors are written in place, shifts and masks for powers of two (which floor by themselves); others call a function of the module.
 */
import { type DType, isSigned } from "@tilewright/ir";
import type { FunctionContext, Helper } from "./context.js";
import { withLocal } from "./context.js";
import type { FunctionBody } from "./function-body.js";
import { OP, type ScalarType } from "./opcodes.js";
import { scalarType } from "./representation.js";

export type DivisionOp = "floordiv" | "floormod" | "truncdiv" | "truncmod";

export function isDivision(op: string): op is DivisionOp {
  return op === "floordiv" || op === "floormod" || op === "truncdiv" || op === "truncmod";
}

/** Both operands are on the stack. */
export function emitDivision(context: FunctionContext, op: DivisionOp, dtype: DType): void {
  context.body.call(
    context.module.helper(divisionHelper(op, scalarType(dtype) === "i64" ? "i64" : "i32", isSigned(dtype))),
  );
}

/** The dividend is on the stack; `divisor` is positive. `nonNegative`: the dividend is known not to be negative. */
export function emitConstantDivision(
  context: FunctionContext,
  op: DivisionOp,
  dtype: DType,
  divisor: bigint,
  nonNegative: boolean,
): void {
  const type = scalarType(dtype) === "i64" ? "i64" : "i32";
  const unsigned = nonNegative || !isSigned(dtype);
  const floors = unsigned || op === "floordiv" || op === "floormod";
  const quotient = op === "floordiv" || op === "truncdiv";
  const powerOfTwo = (divisor & (divisor - 1n)) === 0n;
  const { body } = context;
  const literal = (value: bigint): void =>
    type === "i64" ? body.i64(value) : body.i32(Number(BigInt.asIntN(32, value)));
  if (powerOfTwo && floors) {
    literal(quotient ? BigInt(divisor.toString(2).length - 1) : divisor - 1n);
    body.scalar(type, quotient ? (unsigned ? "shrU" : "shrS") : "and");
  } else if (unsigned || !floors) {
    literal(divisor);
    body.scalar(type, quotient ? (unsigned ? "divU" : "divS") : unsigned ? "remU" : "remS");
  } else {
    withLocal(context, type, (remainder) =>
      floorByConstant(context, type, quotient, () => literal(divisor), remainder),
    );
  }
}

/** remainder r of truncation: floormod is `r + (r >> 31 & divisor)`, floordiv is `(x − floormod) / divisor`, exact. */
function floorByConstant(
  context: FunctionContext,
  type: "i32" | "i64",
  quotient: boolean,
  divisor: () => void,
  remainder: Parameters<FunctionBody["set"]>[0],
): void {
  const { body } = context;
  const width = (): void => (type === "i64" ? body.i64(63n) : body.i32(31));
  withLocal(context, type, (dividend) => {
    body.tee(dividend);
    divisor();
    body.scalar(type, "remS");
    body.set(remainder);
    body.get(quotient ? dividend : remainder);
    if (quotient) {
      divisor();
      body.scalar(type, "divS");
    }
    body.get(remainder);
    width();
    body.scalar(type, "shrS");
    if (!quotient) {
      divisor();
      body.scalar(type, "and");
    }
    body.scalar(type, "add");
  });
}

function divisionHelper(op: DivisionOp, type: "i32" | "i64", signed: boolean): Helper {
  const build = signed ? (op.startsWith("floor") ? buildFloor : buildTruncated) : buildUnsigned;
  return {
    name: `${op}_${type}_${signed ? "s" : "u"}`,
    parameters: [type, type],
    result: type,
    build: (body) => build(body, type, op.endsWith("div")),
  };
}

function zero(body: FunctionBody, type: ScalarType): void {
  if (type === "i64") body.i64(0n);
  else body.i32(0);
}

/** divisor = 0 ? 0 : dividend op divisor */
function buildUnsigned(body: FunctionBody, type: "i32" | "i64", quotient: boolean): void {
  body.get(body.parameter(1));
  body.scalar(type, "eqz");
  body.open(OP.if, type);
  zero(body, type);
  body.otherwise();
  body.get(body.parameter(0));
  body.get(body.parameter(1));
  body.scalar(type, quotient ? "divU" : "remU");
  body.end();
}

/** Zero and minus one apart (−1 would trap on the smallest integer): dividend op divisor. */
function buildTruncated(body: FunctionBody, type: "i32" | "i64", quotient: boolean): void {
  exceptions(body, type, quotient, () => {
    body.get(body.parameter(0));
    body.get(body.parameter(1));
    body.scalar(type, quotient ? "divS" : "remS");
  });
}

function exceptions(body: FunctionBody, type: "i32" | "i64", quotient: boolean, general: () => void): void {
  body.get(body.parameter(1));
  if (type === "i64") body.i64(1n);
  else body.i32(1);
  body.scalar(type, "add");
  if (type === "i64") body.i64(1n);
  else body.i32(1);
  body.scalar(type, "leU"); // divisor is −1 or 0
  body.open(OP.if, type);
  if (quotient) {
    zero(body, type);
    body.get(body.parameter(0));
    body.get(body.parameter(1));
    body.scalar(type, "mul"); // x / −1 = x · −1, and 0 for zero
    body.scalar(type, "or");
  } else zero(body, type);
  body.otherwise();
  general();
  body.end();
}

/** The truncated result, moved down where the remainder is not zero and its sign differs from the divisor's. */
function buildFloor(body: FunctionBody, type: "i32" | "i64", quotient: boolean): void {
  exceptions(body, type, quotient, () => {
    const remainder = body.local(type, "remainder");
    body.get(body.parameter(0));
    body.get(body.parameter(1));
    body.scalar(type, "remS");
    body.set(remainder);
    const crosses = (): void => {
      body.get(remainder);
      body.get(body.parameter(1));
      body.scalar(type, "xor");
      zero(body, type);
      body.scalar(type, "ltS");
      body.get(remainder);
      zero(body, type);
      body.scalar(type, "ne");
      body.scalar("i32", "and");
    };
    if (quotient) {
      body.get(body.parameter(0));
      body.get(body.parameter(1));
      body.scalar(type, "divS");
      crosses();
      if (type === "i64") body.op(OP.i64ExtendI32U);
      body.scalar(type, "sub");
    } else {
      body.get(remainder);
      body.get(body.parameter(1));
      zero(body, type);
      crosses();
      body.op(OP.select);
      body.scalar(type, "add");
    }
  });
}
