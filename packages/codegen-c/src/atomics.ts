import type { Atomic, Expr } from "@tilewright/ir";
import type { ExpressionWriter } from "./expression.js";
import { nameOf } from "./memory.js";
import { typeOf } from "./types.js";

/** `buffer[index] = op(buffer[index], value)` in one indivisible step; a plain update in C99, which has no threads. */
export function atomicLine(writer: ExpressionWriter, { op, buffer, indices, value }: Atomic): string {
  const operand = writer.value(value);
  const index = writer.value(...(indices as readonly [Expr]));
  const update = writer.scope.helpers.use(`atomic_${op}`, typeOf(buffer.dtype).short);
  return `${update}(&${nameOf(writer.scope, buffer)}[${index.text}], ${operand.text});`;
}
