import type { PrimFunc } from "@tilewright/ir";

/** A hardware instruction: what it means as a small loop-IR function, and how it is written (read by the backend that declares it). */
export interface Intrinsic<Emit = unknown> {
  readonly name: string;
  readonly semantics: PrimFunc;
  readonly emit: Emit;
}

/** What a call of an intrinsic means. */
export type IntrinsicMeaning = Pick<Intrinsic, "name" | "semantics">;

/**
 * The attribute of a function that is the meaning of an intrinsic for operands with certain strides; its value is the intrinsic's name.
 * Its body is right as it stands: a backend that declares the intrinsic may put its template there instead.
 */
export const INTRINSIC_ATTRIBUTE = "tilewright.intrinsic";

/** The name of the intrinsic that a function stands for; null for all others. Such a function is called within its module alone. */
export function intrinsicOf({ attributes }: PrimFunc): string | null {
  const name = attributes[INTRINSIC_ATTRIBUTE];
  return typeof name === "string" ? name : null;
}
