import { CompileError, callSite } from "@tilewright/diagnostics";
import { type Buffer, buffer, type DType, type Extern, type Stmt, type Tensor } from "@tilewright/ir";
import * as errors from "./errors.js";
import { checkDataType, type Extent, toShape } from "./tensor.js";

export interface ExternOptions {
  readonly name?: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly { readonly shape: readonly Extent[]; readonly dtype: DType; readonly name?: string }[];
  /** Statements that read the inputs' buffers and write every element of the outputs'. */
  readonly body: (inputs: readonly Buffer[], outputs: readonly Buffer[]) => Stmt;
}

/**
 * Tensors that statements of the user's fill: hand-written loops, or a call of a library.
 * @returns one tensor for each output
 * @throws CompileError `TE108`, `TE109` types · `TE204` shapes · `TE212` an input that is no tensor · `TE215` no outputs or no body.
 */
export function extern(options: ExternOptions): Tensor[] {
  const { name = "extern", inputs, outputs, body } = options;
  const span = callSite(extern);
  if (!Array.isArray(outputs) || outputs.length === 0)
    throw new CompileError(errors.badExtern(name, "at least one output", outputs, span));
  const inputBuffers = inputs.map((tensor, position) => {
    if (tensor?.kind !== "Tensor")
      throw new CompileError(errors.notATensor(`input ${position} of \`${name}\``, tensor, span));
    return buffer(tensor.name, { dtype: tensor.dtype, shape: tensor.shape }, span);
  });
  const names = outputs.map((output, position) => output.name ?? (outputs.length === 1 ? name : `${name}.${position}`));
  const outputBuffers = outputs.map(({ shape, dtype }, position) => {
    checkDataType(dtype, `\`${names[position]}\``, span);
    return buffer(names[position] ?? name, { dtype, shape: toShape(shape, `\`${names[position]}\``, span) }, span);
  });
  const statement = body(inputBuffers, outputBuffers);
  if (typeof statement !== "object" || statement === null)
    throw new CompileError(errors.badExtern(name, "a body that gives a statement", statement, span));
  const operation: Extern = { kind: "Extern", span, name, inputs, inputBuffers, outputBuffers, body: statement };
  return outputBuffers.map((made, outputIndex) => ({
    kind: "Tensor", span, name: made.name, dtype: made.dtype, shape: made.shape, operation, outputIndex,
  })); // biome-ignore format: one node
}
