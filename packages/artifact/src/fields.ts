/** Readers of untrusted JSON: the value with its type, or `AR105` with the path of the field. */
import { CompileError } from "@tilewright/diagnostics";
import { badField } from "./errors.js";

export function fail(path: string, expected: string, actual: unknown): never {
  throw new CompileError(badField(path, expected, describe(actual)));
}

/** An object that has all of `fields`, perhaps more. */
export function objectWith<F extends string>(
  value: unknown,
  path: string,
  fields: readonly F[],
): Readonly<Record<F, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "an object", value);
  for (const field of fields)
    if (!Object.hasOwn(value as object, field)) fail(`${path}.${field}`, "to be there", undefined);
  return value as Readonly<Record<F, unknown>>;
}

export function arrayOf(value: unknown, path: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(path, "an array", value);
}

export function stringOf(value: unknown, path: string): string {
  return typeof value === "string" && value !== "" ? value : fail(path, "a string that is not empty", value);
}

export function oneOf<T extends string>(value: unknown, path: string, values: readonly T[]): T {
  return values.includes(value as T) ? (value as T) : fail(path, `one of ${values.join(", ")}`, value);
}

/** An integer from `min` to 2⁵³. */
export function count(value: unknown, path: string, min = 0): number {
  return Number.isSafeInteger(value) && (value as number) >= min
    ? (value as number)
    : fail(path, `an integer of at least ${min}`, value);
}

/** A value in a message. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "bigint" ? `${value}n` : (jsonOf(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // it holds itself, or a bigint
  }
}
