import type { Diagnostic, Span } from "@tilewright/diagnostics";
import type { DType } from "./dtype.js";

interface Typed {
  readonly dtype: DType;
  readonly lanes: number;
}

const type = ({ dtype, lanes }: Typed): string => (lanes === 1 ? dtype : `${dtype}x${lanes}`);

/** IR101: the operands of an operator have different types. */
export function mismatchedOperands(op: string, left: Typed, right: Typed, span: Span): Diagnostic {
  return {
    code: "IR101",
    severity: "error",
    message: `operands of \`${op}\` have different types`,
    span,
    expected: `two operands of one type, as ${type(left)}`,
    actual: `${type(left)} and ${type(right)}`,
    hint: "cast one of them",
  };
}
