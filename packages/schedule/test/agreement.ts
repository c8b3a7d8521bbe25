import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { IRModule, PrimFunc, Tensor } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { lower } from "@tilewright/lower";
import { intrinsicsOf, print, replay, type Schedule, toPrimFunc, traceOf } from "@tilewright/schedule";
import { expect } from "vitest";
import { elements, inputFor, placeholdersOf } from "./programs.js";

const arrayOf = (tensor: Tensor, values: ArrayLike<number>): TypedArray =>
  tensor.dtype === "int32" ? Int32Array.from(values) : tensor.dtype === "int8" ? Int8Array.from(values) : Float32Array.from(values); // biome-ignore format: one choice

/**
 * Expects that a schedule computes what its outputs say, to the bit: as scheduled, and lowered for codegen-wasm; and that its trace
 * replays to itself.
 */
export function expectSame(
  schedule: Schedule,
  { lowered = true, inputs = undefined as ReadonlyMap<string, TypedArray> | undefined } = {},
): void {
  const { outputs } = schedule;
  const given =
    inputs ?? new Map(placeholdersOf(outputs).map((tensor) => [tensor.name, arrayOf(tensor, inputFor(tensor, 3))]));
  const expected = evaluateTensors(outputs, given);
  const func = toPrimFunc(schedule);
  const intrinsics = intrinsicsOf(schedule);
  const meanings = Object.fromEntries(intrinsics.map(({ name, semantics }) => [name, semantics]));
  expect(verify(func, "scheduled")).toEqual([]);
  const run = (subject: PrimFunc | IRModule): void => {
    const memory = new Map<string, TypedArray>(given);
    for (const tensor of outputs) {
      const like = arrayOf(tensor, []);
      memory.set(tensor.name, like instanceof Float32Array ? new Float32Array(elements(tensor.shape)).fill(Number.NaN) : arrayOf(tensor, new Array(elements(tensor.shape)).fill(-99))); // biome-ignore format: two kinds of garbage
    }
    interpret(subject, memory as never, {
      seed: 7,
      intrinsics: meanings,
      ...("functions" in subject ? { entry: func.name } : {}),
    });
    for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
  };
  run(func);
  if (lowered) {
    const { capabilities, passes = [] } = wasm({ simd: true });
    const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
    run(lower(module, { capabilities, passes, intrinsics }).module);
  }
  expect(traceOf(replay(outputs, traceOf(schedule), { intrinsics }))).toEqual(traceOf(schedule));
}

/** The code with which a call is refused; expects that it has left the schedule as it was. */
export function refusal(schedule: Schedule, call: () => unknown): string {
  const before = [print(schedule), JSON.stringify(traceOf(schedule))];
  try {
    call();
  } catch (error) {
    if (!isCompileError(error)) throw error;
    expect([print(schedule), JSON.stringify(traceOf(schedule))]).toEqual(before);
    return error.code;
  }
  return "accepted";
}
