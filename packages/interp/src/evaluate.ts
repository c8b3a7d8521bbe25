import type { Expr, Var } from "@tilewright/ir";
import { compileExpr } from "./expressions.js";
import { guardStack, newFrame, newProgram, newRun } from "./interpret.js";
import { bindVariable, type IntrinsicMeaning, newScope } from "./scope.js";
import type { Precision, Value } from "./values.js";

export interface EvaluateOptions {
  readonly intrinsics?: { readonly [name: string]: IntrinsicMeaning };
  /** Compute float32 in double precision. */
  readonly precision?: Precision;
}

/**
 * The value of an expression over variables. Vectors are arrays of lanes; int64 and uint64 are bigints, bool booleans.
 * @throws CompileError IP201 for a variable without a value, IP202 for operands that do not fit, IP302 for an index beyond ±2^53
 */
export function evaluate(
  expr: Expr,
  environment: ReadonlyMap<Var, Value> = new Map(),
  options: EvaluateOptions = {},
): Value {
  const scope = newScope(newProgram([], options.intrinsics ?? {}, options.precision ?? "exact"));
  const frame = newFrame(newRun({}));
  for (const [variable, value] of environment) frame.values[bindVariable(scope, variable)] = value;
  return guardStack(expr.span, () => compileExpr(scope, expr)(frame));
}
