// Small functions that most sections use.
import { NO_SPAN } from "@tilewright/diagnostics";
import {
  type Buffer,
  buffer,
  build,
  type DType,
  type Expr,
  int,
  type PrimFunc,
  type Stmt,
  type Var,
  variable,
} from "@tilewright/ir";
import { mapFunction } from "./operator-trials.js";

/** A kernel of its parameters and body. */
export function kernelOf(
  name: string,
  parameters: readonly (Buffer | Var)[],
  body: Stmt,
  more: Partial<Pick<PrimFunc, "role" | "mayAlias">> = {},
): PrimFunc {
  const { role = "kernel", mayAlias = [] } = more;
  return { kind: "PrimFunc", span: NO_SPAN, name, role, parameters, mayAlias, body, attributes: {} };
}

/** A buffer of so many elements. */
export const array = (name: string, dtype: DType, count: number): Buffer => buffer(name, { dtype, shape: [count] });

/** `for i in 0 .. count { body(i) }` */
export function forEach(name: string, count: number | Expr, body: (index: Var) => Stmt): Stmt {
  const index = variable(name);
  return build.loop(index, int(0), typeof count === "number" ? int(count) : count, body(index));
}

/** A sum, or for bool a conjunction: a result that both operands change. */
export const combine = (x: Expr, y: Expr): Expr => (x.dtype === "bool" ? build.binary("ne", x, y) : build.add(x, y));

/** `out[i] = x[i] + y[i]` */
export const addFunction = (name: string, count: number, dtype: DType): PrimFunc =>
  mapFunction(name, dtype, dtype, count, combine);
