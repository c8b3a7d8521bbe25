import { CompileError, callSite } from "@tilewright/diagnostics";
import { build, type Expr, type Scan, type Tensor } from "@tilewright/ir";
import { describeShape } from "./describe.js";
import * as errors from "./errors.js";
import { axis } from "./tensor.js";

export interface ScanOptions {
  readonly name?: string;
  /** The first values of each state: `[T0, …]`. */
  readonly initial: readonly Tensor[];
  /** Placeholders `[T, …]` that stand for the states at earlier times in `update`. */
  readonly states: readonly Tensor[];
  /** The states at later times: `[T, …]`, whose element at time `t` reads the states at times before `t`. */
  readonly update: readonly Tensor[];
}

const sameExtent = (one: Expr | undefined, other: Expr | undefined): boolean =>
  one === other || (one?.kind === "Const" && other?.kind === "Const" && one.value === other.value);

/**
 * A recurrence over the first dimension: `state[t]` is `initial[t]` for the first `T0` times, then `update[t]`.
 * @returns one tensor `[T, …]` for each state
 * @throws CompileError `TE213` the parts do not fit together.
 */
export function scan(options: ScanOptions): Tensor[] {
  const { name = "scan", initial, states, update } = options;
  const span = callSite(scan);
  const first = states[0];
  if (first === undefined || initial.length !== states.length || update.length !== states.length) {
    const actual = `${initial.length} initial, ${states.length} states, ${update.length} updates`;
    throw new CompileError(
      errors.badScan(name, "as many initial values and updates as states, at least one", actual, span),
    );
  }
  states.forEach((state, position) => {
    for (const part of [initial[position], update[position]]) {
      const fits =
        part !== undefined && part.dtype === state.dtype && part.shape.length === state.shape.length && part.shape.length > 0 &&
        part.shape.every((extent, d) => (d === 0 && part === initial[position]) || sameExtent(extent, state.shape[d])); // biome-ignore format: one condition
      if (fits) continue;
      const text = (tensor: Tensor | undefined): string =>
        tensor === undefined ? "none" : `${tensor.dtype} ${describeShape(tensor.shape)}`;
      throw new CompileError(errors.badScan(name, text(state), text(part), span));
    }
    if (state.operation.kind !== "Placeholder")
      throw new CompileError(errors.badScan(name, "states that are placeholders", state.operation.kind, span));
  });
  const start = initial[0]?.shape[0] ?? build.int(0);
  const end = first.shape[0] ?? build.int(0);
  const operation: Scan = {
    kind: "Scan", span, name, axis: axis("t", start, build.sub(end, start), "ordered", span), initial, update, states,
  }; // biome-ignore format: one node
  return states.map((state, outputIndex) => ({
    kind: "Tensor", span, name: states.length === 1 ? name : `${name}.${outputIndex}`, dtype: state.dtype, shape: state.shape, operation, outputIndex,
  })); // biome-ignore format: one node
}
