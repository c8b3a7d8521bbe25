import { isCompileError } from "@tilewright/diagnostics";
import { add, compute, placeholder, read } from "@tilewright/te";
import { describe, expect, it } from "vitest";
import * as S from "../src/index.js";

/** C = B + B, D = C + 1, E = C + 2: C has two readers. */
function readTwice() {
  const A = placeholder([64], { name: "A" });
  const C = compute([64], (i) => add(read(A, i), read(A, i)), { name: "C" });
  const D = compute([64], (i) => add(read(C, i), 1), { name: "D" });
  const E = compute([64], (i) => add(read(C, i), read(D, i)), { name: "E" });
  return { C, D, E };
}

/** The code and the last note of what `run` throws. */
function thrown(run: () => unknown): readonly (string | undefined)[] {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return [error.code, error.diagnostics[0]?.notes?.at(-1)];
    throw error;
  }
  return [];
}

describe("a draft", () => {
  it("takes what is illegal as a whole, and its replay names the step", () => {
    const { C, D, E } = readTwice();
    const steps = (s: S.Schedule): void => {
      S.split(s, D, "i", { factor: 4 });
      S.computeAt(s, C, D, "i.outer");
      S.vectorize(s, E, "i");
    };
    const i = S.axesOf(S.createSchedule(E), D)[0]?.name;
    expect(i).toBe("i");
    expect(thrown(() => steps(S.createSchedule(E)))[0]).toBe("SCH112");
    const draft = S.draftSchedule(E);
    steps(draft);
    expect(thrown(() => S.replay(E, S.traceOf(draft)))).toEqual([
      "SCH112",
      "at step 1 of the trace, `computeAt` on `C`",
    ]);
  });

  it("still checks what concerns a stage alone", () => {
    const { E } = readTwice();
    expect(thrown(() => S.split(S.draftSchedule(E), E, "i", { factor: 0 }))[0]).toBe("SCH101");
  });

  it("has the trace of a schedule, and replays as it", () => {
    const { D, E } = readTwice();
    const steps = (s: S.Schedule): S.Schedule => {
      S.split(s, E, "i", { factor: 4 });
      S.computeAt(s, D, E, "i.outer");
      S.vectorize(s, E, "i.inner");
      return s;
    };
    const trace = S.traceOf(steps(S.draftSchedule(E)));
    expect(trace).toEqual(S.traceOf(steps(S.createSchedule(E))));
    const replayed = S.replay(E, trace);
    expect(S.print(replayed)).toBe(S.print(steps(S.createSchedule(E))));
    expect(replayed.isDraft).toBe(false);
  });
});
