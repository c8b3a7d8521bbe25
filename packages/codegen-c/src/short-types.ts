export type Dialect = "gnu" | "c99";

/**
 * The small functions and types that emitted code uses, each written once and only when used. The name of a helper
 * says what it does and on which type: `min_f32`, `load_f32x8`, `cast_f32_i32`.
 */
export interface Helpers {
  readonly dialect: Dialect;
  /** The name of a helper function, whose text is now part of the file. */
  use(operation: string, ...types: readonly string[]): string;
  /** The name of a vector type as `f32x8`, now declared. */
  vector(short: string, lanes: number): string;
  /** Declarations in order of first use; definitions after what they need. */
  text(): readonly string[];
  readonly usesMath: boolean;
  /** Notes that the file needs `math.h`. */
  needMath(): void;
}

/** `i32` → `int32_t`, `f32` → `float`. */
export function scalarOf(short: string): string {
  if (short === "f32" || short === "f16" || short === "bf16") return "float";
  if (short === "f64") return "double";
  if (short === "b8") return "int32_t";
  return `${short.startsWith("u") ? "uint" : "int"}${short.slice(1)}_t`;
}

/** Bits of the type with that short name. */
export function bitsOfShort(short: string): number {
  return Number(/\d+/.exec(short)?.[0] ?? "0");
}
