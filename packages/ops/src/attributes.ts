import { CompileError } from "@tilewright/diagnostics";
import { wrongAttribute } from "./errors.js";
import type { NodeAttributes } from "./operator.js";

/** A number attribute. @throws CompileError `OP106` when it is not a number, or missing without a default. */
export function numberAttribute(attributes: NodeAttributes, name: string, otherwise?: number): number {
  const value = attributes[name] ?? otherwise;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "number") throw new CompileError(wrongAttribute(name, "a number", describe(value)));
  return value;
}

/** A flag: boolean, or ONNX's 0 and 1. @throws CompileError `OP106`. */
export function flagAttribute(attributes: NodeAttributes, name: string, otherwise: boolean): boolean {
  const value = attributes[name] ?? otherwise;
  if (typeof value === "boolean") return value;
  if (value === 0 || value === 1 || value === 0n || value === 1n) return Boolean(value);
  throw new CompileError(wrongAttribute(name, "true or false", describe(value)));
}

/** A string attribute. @throws CompileError `OP106`. */
export function stringAttribute(attributes: NodeAttributes, name: string, otherwise?: string): string {
  const value = attributes[name] ?? otherwise;
  if (typeof value !== "string") throw new CompileError(wrongAttribute(name, "a string", describe(value)));
  return value;
}

/** A list of integers. @throws CompileError `OP106`. */
export function integersAttribute(
  attributes: NodeAttributes,
  name: string,
  otherwise?: readonly number[],
): readonly number[] {
  const value = attributes[name] ?? otherwise;
  if (Array.isArray(value)) {
    const list = (value as readonly unknown[]).map((item) => (typeof item === "bigint" ? Number(item) : item));
    if (list.every((item): item is number => typeof item === "number" && Number.isInteger(item))) return list;
  }
  throw new CompileError(wrongAttribute(name, "a list of integers", describe(value)));
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  return typeof value === "object" ? "an object" : `${String(value)}`;
}
