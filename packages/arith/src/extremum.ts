import type { Expr } from "@tilewright/ir";
import type { Analyzer } from "./analyzer.js";

/** The smaller or larger of two `index` sums whose difference has a known sign. */
export function extremumIndex(analyzer: Analyzer, op: "min" | "max", left: Expr, right: Expr): Expr | undefined {
  const { min, max } = analyzer.difference(left, right);
  if (max <= 0) return op === "min" ? left : right;
  if (min >= 0) return op === "min" ? right : left;
  return undefined;
}
