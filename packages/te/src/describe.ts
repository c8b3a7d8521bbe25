import type { DType, Expr } from "@tilewright/ir";

/** A shape for people: `[4, n]`. */
export function describeShape(shape: readonly Expr[]): string {
  return `[${shape.map(describe).join(", ")}]`;
}

/** A short expression for people: constants and names as they are, anything else by its kind. */
export function describe(expr: Expr): string {
  if (expr.kind === "Const") return String(expr.value);
  if (expr.kind === "Var") return expr.name;
  return `<${expr.kind}>`;
}

/** A value of any origin for people. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  return "kind" in value && typeof value.kind === "string" ? `a node of kind ${value.kind}` : "an object";
}

/** `float32`, `float32x4`. */
export function typeOf(expr: { readonly dtype: DType; readonly lanes: number }): string {
  return expr.lanes === 1 ? expr.dtype : `${expr.dtype}x${expr.lanes}`;
}
