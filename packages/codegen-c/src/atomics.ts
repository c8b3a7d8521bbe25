import { CompileError } from "@tilewright/diagnostics";
import type { Atomic } from "@tilewright/ir";
import { isFloat } from "@tilewright/ir";
import { notDeviceLevel, unsupportedStatement } from "./errors.js";
import type { ExpressionWriter } from "./expression.js";
import { flatIndex } from "./memory.js";
import { isHalf, typeOf } from "./types.js";

/** `buffer[index] = op(buffer[index], value)` in one indivisible step; a plain update in C99, which has no threads. */
export function atomicLine(writer: ExpressionWriter, stmt: Atomic): string {
  const { helpers, buffers } = writer.scope;
  const { dtype } = stmt.buffer;
  const name = buffers.get(stmt.buffer);
  if (name === undefined)
    throw new CompileError(
      notDeviceLevel(`the undeclared buffer \`${stmt.buffer.name}\``, "a parameter or an `Allocate`", stmt.span),
    );
  const bitwise = stmt.op === "and" || stmt.op === "or" || stmt.op === "xor";
  if (isHalf(dtype) || dtype === "bool" || (bitwise && isFloat(dtype)) || stmt.value.lanes !== 1) {
    throw new CompileError(unsupportedStatement(`atomic \`${stmt.op}\` of ${dtype}`, stmt.span));
  }
  const value = writer.value(stmt.value);
  const index = writer.value(flatIndex(stmt));
  return `${helpers.use(`atomic_${stmt.op}`, typeOf(dtype, stmt.span).short)}(&${name}[${index.text}], ${value.text});`;
}
