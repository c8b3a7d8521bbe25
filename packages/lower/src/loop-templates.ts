// Rule: a function that is the meaning of an intrinsic gets the body of its template, which is loop IR over the same parameters, scheduled
// for the target: its vectorized and unrolled loops are lowered with all others.
import { type Intrinsic, intrinsicOf, type PlacedPass } from "@tilewright/backend";
import { CompileError } from "@tilewright/diagnostics";
import { type PrimFunc, structuralEqual, withParameters } from "@tilewright/ir";
import { badOperands } from "./errors.js";
import { functionPass } from "./pass.js";

/** A pass of a backend whose intrinsics are written as loop IR. @throws CompileError LOW206 a template with other parameters */
export function loopTemplates(intrinsics: readonly Intrinsic<PrimFunc>[]): PlacedPass {
  for (const intrinsic of intrinsics) checkParameters(intrinsic);
  const templates = new Map(intrinsics.map(({ name, emit }) => [name, emit]));
  const pass = functionPass({
    name: "loop-templates",
    requires: "scheduled",
    establishes: "scheduled",
    run(func) {
      const template = templates.get(intrinsicOf(func) ?? "");
      if (template === undefined) return func;
      const { parameters, body } = withParameters(template, (own, position) => {
        const given = func.parameters[position];
        return given?.kind === "Buffer" ? { ...own, strides: given.strides } : own;
      });
      return { ...func, parameters, body };
    },
  });
  return { at: "scheduled", pass };
}

function checkParameters({ name, semantics, emit }: Intrinsic<PrimFunc>): void {
  const text = (func: PrimFunc): string =>
    func.parameters
      .map(
        (one) =>
          `${one.dtype}${one.kind === "Buffer" ? `[${one.shape.map((extent) => (extent.kind === "Const" ? extent.value : "?"))}]` : ""}`,
      )
      .join(", ");
  const same = emit.parameters.every((own, position) => {
    const given = semantics.parameters[position];
    if (own.kind !== "Buffer" || given?.kind !== "Buffer") return false;
    return (
      own.dtype === given.dtype &&
      own.shape.length === given.shape.length &&
      own.shape.every((extent, d) => structuralEqual(extent, given.shape[d] as typeof extent))
    );
  });
  if (!same || emit.parameters.length !== semantics.parameters.length)
    throw new CompileError(badOperands(name, `(${text(semantics)})`, `a template of (${text(emit)})`, emit.span));
}
