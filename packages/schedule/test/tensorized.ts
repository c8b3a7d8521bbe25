import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError, NO_SPAN } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { IRModule, Tensor } from "@tilewright/ir";
import { lower } from "@tilewright/lower";
import * as S from "@tilewright/schedule";
import { expect } from "vitest";
import { type Gemm, gemm, updateTile } from "./intrinsics.js";
import { elements, placeholdersOf } from "./programs.js";

const ARRAYS = { float32: Float32Array, int32: Int32Array, int8: Int8Array } as const;
const arrayFor = ({ dtype, shape }: Tensor): TypedArray => new ARRAYS[dtype as keyof typeof ARRAYS](elements(shape));
/** Small whole numbers. */
export const filled = (tensor: Tensor, seed: number): TypedArray =>
  (arrayFor(tensor) as Float32Array).map((_, i) => ((i * 7 + seed) % 11) - 5);

/** Tiles of `m` × `n`, with `depth` steps of the reduction inside. */
export function tiled(schedule: S.Schedule, tensor: S.TensorLike, m: number, n: number, depth: number): string {
  S.split(schedule, tensor, "i", { factor: m });
  S.split(schedule, tensor, "j", { factor: n });
  S.split(schedule, tensor, "k", { factor: depth });
  S.reorder(schedule, tensor, ["i.outer", "j.outer", "k.outer", "i.inner", "j.inner", "k.inner"]);
  return "i.inner";
}

/** Runs a schedule: as it is, and lowered for a target without and with the intrinsics, after every pass. */
export function expectSame(outputs: readonly Tensor[], schedule: S.Schedule): void {
  const inputs = new Map(placeholdersOf(outputs).map((tensor, k) => [tensor.name, filled(tensor, k)]));
  const expected = evaluateTensors(outputs, inputs);
  const intrinsics = S.intrinsicsOf(schedule);
  const meanings = Object.fromEntries(intrinsics.map(({ name, semantics }) => [name, semantics]));
  const check = (module: IRModule): void => {
    const memory = new Map<string, TypedArray>(inputs);
    for (const tensor of outputs) memory.set(tensor.name, (arrayFor(tensor) as Float32Array).fill(77));
    interpret(module, memory as never, { entry: "main", intrinsics: meanings });
    for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
  };
  const func = S.toPrimFunc(schedule, { name: "main" });
  const module: IRModule = { kind: "IRModule", span: NO_SPAN, functions: [func], attributes: {} };
  check(module);
  const { capabilities } = wasm();
  for (const declared of [[], Object.keys(meanings)]) {
    const options = { capabilities: { ...capabilities, intrinsics: declared }, intrinsics, verify: true };
    lower(module, { ...options, onPass: (_, after, changed) => changed && check(after) });
  }
}

/** The nest without the line that says what it is. */
export const printed = (schedule: S.Schedule): string => S.print(schedule).split("\n").slice(1).join("\n").trim();

/** The code of the error, and that the schedule is as it was. */
export function refusal(schedule: S.Schedule, change: () => unknown): string {
  const before = JSON.stringify(S.traceOf(schedule));
  try {
    change();
  } catch (error) {
    if (!isCompileError(error)) throw error;
    expect(JSON.stringify(S.traceOf(schedule))).toBe(before);
    return error.code;
  }
  return "accepted";
}

/** A product whose tiles of 4 × 8 × 6 are calls. */
export function tensorized({ C }: Gemm = gemm(12, 16, 18)): S.Schedule {
  const s = S.createSchedule(C);
  S.tensorize(s, C, tiled(s, C, 4, 8, 6), updateTile(4, 8, 6));
  return s;
}
