import type { PrimFunc } from "@tilewright/ir";
import { pointee } from "./memory.js";

/** An operand of an intrinsic, as C sees it. */
export interface COperand {
  /** A pointer to the first element. */
  readonly pointer: string;
  /** Of an element. */
  readonly type: string;
  /** Elements from one index to the next, for each dimension of the parameter. */
  readonly strides: readonly number[];
}

/** Operands in the order of the parameters to the statements of a C block, which may declare what it likes. */
export type CTemplate = (operands: readonly COperand[]) => string;

/** The body of a function that stands for an intrinsic. `nameOf` gives the names of its parameters. */
export function templateBody(
  template: CTemplate,
  { parameters }: PrimFunc,
  names: readonly string[],
): readonly string[] {
  const operands = parameters.flatMap((parameter, position): COperand[] => {
    if (parameter.kind !== "Buffer") return [];
    const strides = (parameter.strides ?? []).map((stride) => (stride.kind === "Const" ? Number(stride.value) : 1));
    return [{ pointer: names[position] ?? parameter.name, type: pointee(parameter), strides }];
  });
  return template(operands)
    .replace(/^\n+|\s+$/g, "")
    .split("\n");
}
