import { isCompileError } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { Buffer, Tensor } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { intrinsicsOf, replay, type Schedule, toPrimFunc, traceOf } from "@tilewright/schedule";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elements, inputFor, placeholdersOf, programs } from "./programs.js";
import { Choices, randomSchedule } from "./random-trace.js";

/** Runs a schedule in the interpreter, twice with different orders and different garbage in fresh memory. */
function check(outputs: readonly Tensor[], schedule: Schedule, seed: number): void {
  const inputs = new Map<string, TypedArray>(
    placeholdersOf(outputs).map((tensor) => [tensor.name, inputFor(tensor, seed)]),
  );
  const expected = evaluateTensors(outputs, inputs);
  const func = toPrimFunc(schedule);
  const intrinsics = Object.fromEntries(intrinsicsOf(schedule).map(({ name, semantics }) => [name, semantics]));
  expect(verify(func, "scheduled")).toEqual([]);
  for (const order of [seed, seed + 1]) {
    const memory = new Map<string | Buffer, TypedArray>([...inputs]);
    for (const tensor of outputs) memory.set(tensor.name, new Float32Array(elements(tensor.shape)).fill(Number.NaN));
    interpret(func, memory as never, { seed: order, intrinsics });
    for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
  }
}

describe("a plain schedule computes what the expressions say", () => {
  it.each(programs)("$name", ({ build }) => {
    for (const sizes of [
      [4, 6, 3],
      [5, 7, 1],
      [1, 1, 1],
      [13, 3, 5],
    ]) {
      const outputs = build((k) => sizes[k] ?? 2);
      check(outputs, replay(outputs, { version: 1, records: [] }), 1);
    }
  });
});

const sizes = fc.tuple(
  fc.integer({ min: 1, max: 13 }),
  fc.integer({ min: 1, max: 11 }),
  fc.integer({ min: 1, max: 7 }),
);
const choices = fc.array(fc.nat(1 << 20), { maxLength: 90 });

describe("no sequence of primitives changes what is computed", () => {
  it.each(programs)("$name", ({ build }) => {
    let [lowered, refused] = [0, 0];
    fc.assert(
      fc.property(sizes, choices, fc.nat(100), (size, numbers, seed) => {
        const outputs = build((k) => size[k] ?? 2);
        const { schedule } = randomSchedule(outputs, new Choices(numbers));
        try {
          check(outputs, schedule, seed);
          lowered++;
        } catch (error) {
          if (!isCompileError(error) || !error.code.startsWith("SCH")) throw error;
          refused++;
        }
        const again = replay(outputs, traceOf(schedule), { intrinsics: [...schedule.intrinsics.values()] });
        expect(traceOf(again)).toEqual(traceOf(schedule));
      }),
      { numRuns: 100 },
    );
    expect(lowered).toBeGreaterThan(refused);
  });
});
