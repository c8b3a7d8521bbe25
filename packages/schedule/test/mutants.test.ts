import { wasm } from "@tilewright/codegen-wasm";
import { isCompileError } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import { replay, type Schedule, toPrimFunc } from "@tilewright/schedule";
import { describe, expect, it } from "vitest";
import { type Batch, batchOfSchedules, type Entry, expectCase } from "./batch.js";
import { mutated, type Scheduled, scheduled } from "./mutants.js";
import { elements, inputFor, placeholdersOf } from "./programs.js";
import { Choices } from "./random-trace.js";
import { runCase } from "./run-wasm.js";

const MUTANTS = 60;

/** A row of numbers that is the same in every run. */
function numbersFrom(seed: number): readonly number[] {
  let state = seed * 2_654_435_761;
  return Array.from({ length: 32 }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  });
}

/** The schedule, or null where a step is refused with a code of the schedule. Any other failure is ours. */
function scheduleOf({ outputs, trace }: Scheduled, seed: number): Schedule | null {
  try {
    const schedule = replay(outputs, mutated(trace, new Choices(numbersFrom(seed))));
    toPrimFunc(schedule);
    return schedule;
  } catch (error) {
    if (isCompileError(error) && error.code.startsWith("SCH")) return null;
    throw error;
  }
}

function expectRight(outputs: Scheduled["outputs"], schedule: Schedule, seed: number): void {
  const inputs = placeholdersOf(outputs).map((tensor) => [tensor.name, inputFor(tensor, seed)] as const);
  const memory = new Map<string, TypedArray>(inputs);
  for (const tensor of outputs) memory.set(tensor.name, new Float32Array(elements(tensor.shape)).fill(Number.NaN));
  interpret(toPrimFunc(schedule), memory as never, { seed });
  const expected = evaluateTensors(outputs, new Map<string, TypedArray>(inputs));
  for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
}

describe(`of ${MUTANTS} schedules of each computation with something changed, none is accepted and wrong`, () => {
  it.each(scheduled)("$name", (each) => {
    const entries: Entry[] = [];
    let refused = 0;
    for (let seed = 1; seed <= MUTANTS; seed++) {
      const schedule = scheduleOf(each, seed);
      if (schedule === null) {
        refused++;
        continue;
      }
      expectRight(each.outputs, schedule, seed);
      entries.push({ outputs: each.outputs, schedule, seed, origin: `${each.name}, seed ${seed}` });
    }
    expect(refused).toBeGreaterThan(MUTANTS / 4);
    expect(entries.length).toBeGreaterThan(MUTANTS / 4);
    for (const backend of [wasm({ simd: true }), wasm({ simd: false })]) {
      const batch = batchOfSchedules(entries, backend) as Batch;
      for (const one of batch.cases) expectCase(runCase(batch, one), one, batch.scheduled, backend);
    }
  });
});
