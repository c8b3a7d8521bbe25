import { isCompileError } from "@tilewright/diagnostics";
import { toPrimFunc } from "@tilewright/schedule";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { programs } from "../../schedule/test/programs.js";
import { Choices, randomSchedule } from "../../schedule/test/random-trace.js";
import { explain, renderText, WASM_ON_V8, ZEN3_NATIVE } from "../src/index.js";
import { renderSvg } from "../src/svg.js";
import { wellFormed } from "./well-formed.js";

const draws = fc.record({
  program: fc.nat(programs.length - 1),
  sizes: fc.array(fc.integer({ min: 1, max: 13 }), { minLength: 3, maxLength: 3 }),
  choices: fc.array(fc.nat(1 << 20), { maxLength: 60, size: "max" }),
});

/** Where data holds a number that is not finite, or below 0 and no stride; empty when nowhere. */
function badNumber(value: unknown, path: string): string {
  if (typeof value === "number")
    return Number.isFinite(value) && (value >= 0 || path.endsWith(".stride")) ? "" : `${path}: ${value}`;
  if (typeof value !== "object" || value === null) return "";
  for (const [key, each] of Object.entries(value)) {
    const found = badNumber(each, `${path}.${key}`);
    if (found !== "") return found;
  }
  return "";
}

describe("any schedule", () => {
  it("that is legal has an explanation of finite numbers, as text and as a picture", { timeout: 120_000 }, () => {
    let explained = 0;
    fc.assert(
      fc.property(draws, ({ program, sizes, choices }) => {
        const outputs = (programs[program] as (typeof programs)[number]).build((k) => sizes[k] ?? 2);
        const { schedule } = randomSchedule(outputs, new Choices(choices));
        try {
          toPrimFunc(schedule);
        } catch (error) {
          if (isCompileError(error)) return;
          throw error;
        }
        for (const machine of [ZEN3_NATIVE, WASM_ON_V8]) {
          const explanation = explain(schedule, machine);
          const { warnings, ...numbers } = explanation;
          expect(badNumber(numbers, "")).toBe("");
          expect(warnings.every(({ code }) => code.startsWith("EXP0"))).toBe(true);
          expect(renderText(explanation)).not.toMatch(/NaN|Infinity|undefined/);
          expect(wellFormed(renderSvg(explanation))).toBe("");
        }
        explained++;
      }),
      { numRuns: 200 },
    );
    expect(explained).toBeGreaterThan(120);
  });
});
