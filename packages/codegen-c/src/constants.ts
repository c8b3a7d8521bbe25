import type { Const } from "@tilewright/ir";
import { roundHalf } from "./half.js";

/** The shortest decimal that reads back as `value`, in float32 where `single`. */
function shortest(value: number, single: boolean): string {
  if (!single) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** A float constant as C text, positive or negative. `gnu`: compiler builtins, else macros of `math.h`. */
export function floatText(value: number, single: boolean, gnu: boolean): string {
  const held = single ? Math.fround(value) : value;
  const suffix = single ? "f" : "";
  if (Number.isNaN(held)) {
    if (gnu) return `__builtin_nan${suffix}("")`;
    return single ? "NAN" : "(double)NAN";
  }
  if (!Number.isFinite(held)) {
    const infinity = gnu ? `__builtin_inf${suffix}()` : single ? "INFINITY" : "(double)INFINITY";
    return held < 0 ? `-${infinity}` : infinity;
  }
  const text = Object.is(held, -0) ? "-0" : shortest(held, single);
  return `${/[.e]/.test(text) ? text : `${text}.0`}${suffix}`;
}

/** An integer constant that has its type's value and no warning; the most negative ones are not literals in C. */
function integerText(value: bigint, bits: number, signed: boolean): string {
  if (!signed) return bits === 64 ? `UINT64_C(${value})` : bits === 32 ? `${value}u` : `${value}`;
  if (bits === 64) return value === -(1n << 63n) ? "INT64_MIN" : `INT64_C(${value})`;
  return value === -(1n << 31n) ? "INT32_MIN" : `${value}`;
}

/** A scalar constant as C text. Values out of the type's range wrap; `index` holds 32 bits. */
export function constantText({ dtype, value }: Const, gnu: boolean): string {
  if (dtype === "bool") return value ? "1" : "0";
  if (dtype === "float16" || dtype === "bfloat16") return floatText(roundHalf(Number(value), dtype), true, gnu);
  if (dtype === "float32") return floatText(Number(value), true, gnu);
  if (dtype === "float64") return floatText(Number(value), false, gnu);
  const bits = dtype === "index" ? 32 : Number(dtype.replace(/\D/g, ""));
  const signed = !dtype.startsWith("u");
  const exact =
    typeof value === "bigint" ? value : BigInt(Number.isFinite(Number(value)) ? Math.trunc(Number(value)) : 0);
  if (dtype === "index")
    return integerText(exact < -(2n ** 31n) ? -(2n ** 31n) : exact > 2n ** 31n - 1n ? 2n ** 31n - 1n : exact, 32, true);
  return integerText(signed ? BigInt.asIntN(bits, exact) : BigInt.asUintN(bits, exact), bits, signed);
}
