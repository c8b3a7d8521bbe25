import { traceOf } from "@tilewright/schedule";
import { describe, expect, it } from "vitest";
import { PRIMITIVES } from "../src/primitives.js";
import { programs } from "./programs.js";
import { Choices, randomSchedule } from "./random-trace.js";

const RUNS = 1_500;

/** How often random schedules apply each primitive. */
function timesApplied(): ReadonlyMap<string, number> {
  const times = new Map(Object.keys(PRIMITIVES).map((name) => [name, 0]));
  let state = 7;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (let run = 0; run < RUNS; run++) {
    const sizes = [1 + (next() % 13), 1 + (next() % 11), 1 + (next() % 7)];
    const outputs = (programs[run % programs.length] as (typeof programs)[number]).build((k) => sizes[k] ?? 2);
    const { schedule } = randomSchedule(outputs, new Choices(Array.from({ length: next() % 90 }, next)));
    for (const { primitive } of traceOf(schedule).records) times.set(primitive, (times.get(primitive) ?? 0) + 1);
  }
  return times;
}

describe("the random schedules of this folder", () => {
  it("apply every primitive there is", () => {
    const rare = [...timesApplied()].filter(([, count]) => count < 5);
    expect(rare).toEqual([]);
  });
});
