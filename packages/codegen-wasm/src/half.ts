/**
 * float16 and bfloat16 in software. To wider floats the bits are moved and rescaled; from float32 they round to nearest even,
 * as in "Half to float done quick" and its inverse by F. Giesen; float64 first rounds to odd, so that the second rounding is the only one.
 */
import type { Helper, ModuleContext } from "./context.js";
import type { FunctionBody } from "./function-body.js";
import { OP } from "./opcodes.js";

export type Half = "float16" | "bfloat16";

/** `(bits: i32) -> f32`, the bits in the low half. */
export function fromBits(half: Half): Helper {
  return {
    name: `${half}_from_bits`,
    parameters: ["i32"],
    result: "f32",
    build: half === "float16" ? float16FromBits : bfloat16FromBits,
  };
}

/** `(value: f32) -> i32` bits, rounded to nearest even. */
export function toBits(half: Half): Helper {
  return {
    name: `${half}_to_bits`,
    parameters: ["f32"],
    result: "i32",
    build: half === "float16" ? float16ToBits : bfloat16ToBits,
  };
}

/** `(value: f32) -> f32`, the nearest half float. */
export function roundTo(half: Half): Helper {
  return {
    name: `${half}_round`,
    parameters: ["f32"],
    result: "f32",
    build: (body, module) => {
      body.get(body.parameter(0));
      body.call(module.helper(toBits(half)));
      body.call(module.helper(fromBits(half)));
    },
  };
}

/** `(value: f64) -> f32` rounded to odd: a later rounding to fewer bits gives what one rounding would. */
export const demoteToOdd: Helper = {
  name: "demote_to_odd",
  parameters: ["f64"],
  result: "f32",
  build: buildDemoteToOdd,
};

/**
 * `(value: i64) -> i64` that a double holds and that rounds to a half float as `value` does: from 2⁵³ on, bits below the twelfth are
 * folded into it.
 */
export function foldLowBits(signed: boolean): Helper {
  return {
    name: `fold_low_bits_${signed ? "s" : "u"}`,
    parameters: ["i64"],
    result: "i64",
    build: (body) => {
      const value = body.parameter(0);
      const shift = (): void => body.i64(12n);
      body.get(value);
      shift();
      body.scalar("i64", signed ? "shrS" : "shrU");
      body.get(value);
      body.i64(0xfffn);
      body.scalar("i64", "and");
      body.i64(0n);
      body.scalar("i64", "ne");
      body.op(OP.i64ExtendI32U);
      body.scalar("i64", "or");
      shift();
      body.scalar("i64", "shl");
      body.get(value);
      body.get(value);
      if (signed) {
        body.i64(1n << 53n);
        body.scalar("i64", "add");
      }
      body.i64(signed ? 1n << 54n : 1n << 53n);
      body.scalar("i64", "gtU");
      body.op(OP.select);
    },
  };
}

function float16FromBits(body: FunctionBody): void {
  const bits = body.parameter(0);
  const magnitude = body.local("i32", "magnitude");
  body.get(bits);
  body.i32(0x7fff);
  body.scalar("i32", "and");
  body.i32(13);
  body.scalar("i32", "shl");
  body.tee(magnitude); // exponent and mantissa where float32 has them, the exponent too small by 112
  body.i32(0x7f800000);
  body.scalar("i32", "or"); // infinity and NaN
  body.get(magnitude);
  body.op(OP.f32ReinterpretI32);
  body.f32(2 ** 112);
  body.scalar("f32", "mul");
  body.op(OP.i32ReinterpretF32);
  body.get(magnitude);
  body.i32(0x0f800000);
  body.scalar("i32", "geU");
  body.op(OP.select);
  body.get(bits);
  body.i32(0x8000);
  body.scalar("i32", "and");
  body.i32(16);
  body.scalar("i32", "shl");
  body.scalar("i32", "or");
  body.op(OP.f32ReinterpretI32);
}

function bfloat16FromBits(body: FunctionBody): void {
  body.get(body.parameter(0));
  body.i32(16);
  body.scalar("i32", "shl");
  body.op(OP.f32ReinterpretI32);
}

function float16ToBits(body: FunctionBody): void {
  const bits = body.local("i32", "bits");
  const magnitude = body.local("i32", "magnitude");
  body.get(body.parameter(0));
  body.op(OP.i32ReinterpretF32);
  body.tee(bits);
  body.i32(0x7fffffff);
  body.scalar("i32", "and");
  body.set(magnitude);
  body.get(magnitude);
  body.i32(0x47800000); // 2^16: infinity or NaN
  body.scalar("i32", "geU");
  body.open(OP.if, "i32");
  body.i32(0x7e00);
  body.i32(0x7c00);
  body.get(magnitude);
  body.i32(0x7f800000);
  body.scalar("i32", "gtU");
  body.op(OP.select);
  body.otherwise();
  body.get(magnitude);
  body.i32(0x38800000); // 2^-14: below lie subnormals, which adding 0.5 aligns and rounds
  body.scalar("i32", "ltU");
  body.open(OP.if, "i32");
  body.get(magnitude);
  body.op(OP.f32ReinterpretI32);
  body.f32(0.5);
  body.scalar("f32", "add");
  body.op(OP.i32ReinterpretF32);
  body.i32(0x3f000000);
  body.scalar("i32", "sub");
  body.otherwise();
  body.get(magnitude);
  body.i32((0xc8000000 + 0xfff) | 0);
  body.scalar("i32", "add");
  oddBit(body, () => body.get(magnitude), 13);
  body.scalar("i32", "add");
  body.i32(13);
  body.scalar("i32", "shrU");
  body.end();
  body.end();
  body.get(bits);
  body.i32(16);
  body.scalar("i32", "shrU");
  body.i32(0x8000);
  body.scalar("i32", "and");
  body.scalar("i32", "or");
}

function bfloat16ToBits(body: FunctionBody): void {
  const bits = body.local("i32", "bits");
  body.get(body.parameter(0));
  body.op(OP.i32ReinterpretF32);
  body.tee(bits);
  body.i32(16);
  body.scalar("i32", "shrU");
  body.i32(0x40);
  body.scalar("i32", "or"); // a quiet NaN
  body.get(bits);
  body.i32(0x7fff);
  body.scalar("i32", "add");
  oddBit(body, () => body.get(bits), 16);
  body.scalar("i32", "add");
  body.i32(16);
  body.scalar("i32", "shrU");
  body.get(bits);
  body.i32(0x7fffffff);
  body.scalar("i32", "and");
  body.i32(0x7f800000);
  body.scalar("i32", "gtU");
  body.op(OP.select);
}

function oddBit(body: FunctionBody, push: () => void, position: number): void {
  push();
  body.i32(position);
  body.scalar("i32", "shrU");
  body.i32(1);
  body.scalar("i32", "and");
}

/** If float32 holds the value: that. Else of the two neighbours the one with an odd mantissa: truncate, then set the last bit. */
function buildDemoteToOdd(body: FunctionBody, _module: ModuleContext): void {
  const value = body.parameter(0);
  const near = body.local("f32", "near");
  body.get(value);
  body.op(OP.f32DemoteF64);
  body.tee(near);
  body.op(OP.f64PromoteF32);
  body.get(value);
  body.scalar("f64", "ne");
  body.get(near);
  body.get(near);
  body.scalar("f32", "eq"); // not NaN
  body.scalar("i32", "and");
  body.open(OP.if, "f32");
  body.get(near);
  body.op(OP.i32ReinterpretF32);
  body.get(near);
  body.op(OP.f64PromoteF32);
  body.scalar("f64", "abs");
  body.get(value);
  body.scalar("f64", "abs");
  body.scalar("f64", "gt");
  body.scalar("i32", "sub");
  body.i32(1);
  body.scalar("i32", "or");
  body.op(OP.f32ReinterpretI32);
  body.otherwise();
  body.get(near);
  body.end();
}

/** Bits of a number as a half float, for constants. */
export function halfBits(value: number, half: Half): number {
  if (Number.isNaN(value)) return half === "float16" ? 0x7e00 : 0x7fc0;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const mantissaBits = half === "float16" ? 10 : 7;
  const minExponent = half === "float16" ? -14 : -126;
  const maxExponent = half === "float16" ? 15 : 127;
  const magnitude = Math.abs(value);
  const infinity = (maxExponent * 2 + 1) << mantissaBits;
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const exponent = Math.max(minExponent, magnitude === 0 ? minExponent : exponentOf(magnitude));
  const units = roundHalfEven(magnitude * 2 ** (mantissaBits - exponent));
  const bits = ((exponent - minExponent) << mantissaBits) + units; // a carry of the mantissa moves on into the exponent
  return sign | Math.min(bits, infinity);
}

function exponentOf(magnitude: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, magnitude);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}

function roundHalfEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/** The number that half-float bits stand for. */
export function fromHalfBits(bits: number, half: Half): number {
  const mantissaBits = half === "float16" ? 10 : 7;
  const exponentBits = 15 - mantissaBits;
  const exponent = (bits >> mantissaBits) & ((1 << exponentBits) - 1);
  const mantissa = bits & ((1 << mantissaBits) - 1);
  const bias = (1 << (exponentBits - 1)) - 1;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === (1 << exponentBits) - 1) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * ((1 << mantissaBits) + mantissa) * 2 ** (exponent - bias - mantissaBits);
}
