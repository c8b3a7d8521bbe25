import { autoschedule } from "@tilewright/autoschedule";
import type { Capabilities } from "@tilewright/backend";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import { lower } from "@tilewright/lower";
import { replay, toPrimFunc } from "@tilewright/schedule";
import { expect } from "vitest";
import { type IRModule, isConst, NO_TARGET, type Tensor } from "./support.js";

/** Four lanes and two threads. */
export const wide: Capabilities = { ...NO_TARGET, vector: { bytes: 16, registers: 16, predicated: false }, threads: 2 };
/** Eight lanes with fused multiply-add. */
export const avx: Capabilities = {
  ...wide,
  vector: { bytes: 32, registers: 16, predicated: false },
  fusedMultiplyAdd: true,
};

const sizeOf = (tensor: Tensor): number =>
  tensor.shape.reduce((product, extent) => product * (isConst(extent) ? Number(extent.value) : 0), 1);
const integers = (count: number, salt: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * 5 + salt * 3 + ((i * i) % 7)) % 7) - 3);

/** Runs what the rule made, scheduled and lowered, against the expressions themselves. */
export function check(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  capabilities: Capabilities,
  tolerance = 0,
  constants: ReadonlySet<Tensor> = new Set(),
): string {
  const { trace, rule } = autoschedule(outputs, { capabilities, constants });
  const func = toPrimFunc(replay(outputs, trace));
  const module: IRModule = { kind: "IRModule", span: func.span, functions: [func], attributes: {} };
  const given = new Map<string, TypedArray>(
    inputs.map((tensor, salt) => [tensor.name, integers(sizeOf(tensor), salt)]),
  );
  const expected = evaluateTensors(outputs, given);
  for (const program of [module, lower(module, { capabilities }).module]) {
    const memory = Object.fromEntries([
      ...given,
      ...outputs.map((tensor) => [tensor.name, new Float32Array(sizeOf(tensor)).fill(Number.NaN)] as const),
    ]);
    interpret(program, memory, { entry: func.name });
    outputs.forEach((tensor, k) => {
      const [actual, wanted] = [memory[tensor.name] as Float32Array, expected[k] as Float32Array];
      if (tolerance === 0) expect(actual).toEqual(wanted);
      else
        actual.forEach((value, i) => {
          expect(Math.abs(value - (wanted[i] ?? 0))).toBeLessThanOrEqual(tolerance * Math.abs(wanted[i] ?? 0));
        });
    });
  }
  return rule;
}
