import type { Value } from "@tilewright/ir";
import type { Model, Operators } from "@tilewright/ops";

export interface GraphPassContext {
  readonly operators: Operators;
  /** Computes values of a model without inputs, as bytes; absent: nothing is folded. */
  readonly evaluate?: (model: Model, wanted: readonly Value[]) => readonly Uint8Array[];
}

/** Model to model. Pure; the outputs and states keep their number, order and meaning, their values may be others. */
export interface GraphPass {
  readonly name: string;
  run(model: Model, context: GraphPassContext): Model;
}

/** Told after each pass. */
export type OnGraphPass = (name: string, model: Model, changed: boolean) => void;

/** Runs passes in order. */
export function runGraphPasses(
  model: Model,
  passes: readonly GraphPass[],
  context: GraphPassContext,
  onPass?: OnGraphPass,
): Model {
  let current = model;
  for (const pass of passes) {
    const next = pass.run(current, context);
    onPass?.(pass.name, next, next !== current);
    current = next;
  }
  return current;
}
