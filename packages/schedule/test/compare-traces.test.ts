import { isCompileError } from "@tilewright/diagnostics";
import type { Trace, TraceRecord } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import { add, compute, placeholder, read } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

function schedule(change: (s: S.Schedule) => void): Trace {
  const A = placeholder([8, 12], { name: "A" });
  const B = compute([8, 12], (i, j) => add(read(A, i, j), 1), { name: "B" });
  const s = S.createSchedule(B);
  change(s);
  return S.traceOf(s);
}

const before = schedule((s) => {
  S.split(s, "B", "j", { factor: 4 });
  S.vectorize(s, "B", "j.inner");
  S.parallel(s, "B", "i");
});
const after = schedule((s) => {
  S.split(s, "B", "j", { factor: 8, tail: "shift" });
  S.split(s, "B", "i", { factor: 2 });
  S.vectorize(s, "B", "j.inner");
  S.parallel(s, "B", "i.outer");
});

describe("compareTraces", () => {
  it("tells what was removed, added and changed", () => {
    const comparison = S.compareTraces(before, after);
    expect(comparison.same).toBe(1);
    expect(comparison.differences.map(({ kind }) => kind)).toEqual(["changed", "added", "removed", "added"]);
    expect(comparison.differences[0]).toEqual({
      kind: "changed",
      steps: [0, 0],
      records: [before.records[0], after.records[0]],
      fields: ["factor", "tail"],
    });
    expect(S.renderComparison(comparison)).toMatchInlineSnapshot(`
      "~ 0: split B: factor 4 → 8, tail "guard" → "shift"
      + 1: i.outer, i.inner = split B(axis: "i", factor: 2, tail: "guard")
      - 2: parallel B(axis: "i")
      + 3: parallel B(axis: "i.outer")
      1 step is the same, 4 differ"
    `);
  });

  it("finds nothing in equal traces, whatever the order of their fields", () => {
    const turned = JSON.parse(JSON.stringify(before)) as Trace;
    const records = turned.records.map(({ results, arguments: args, stage, primitive }) => ({
      results, arguments: Object.fromEntries(Object.entries(args).reverse()), stage, primitive,
    })); // biome-ignore format: the order is the point
    expect(S.compareTraces(before, { version: 1, records })).toEqual({ same: 3, differences: [] });
    expect(S.renderComparison(S.compareTraces(before, before))).toBe("nothing differs, 3 steps are the same");
    expect(S.renderComparison(S.compareTraces({ version: 1, records: [] }, before))).toContain(
      '+ 2: parallel B(axis: "i")',
    );
  });

  it("tells when the names of results differ, and values inside of arguments", () => {
    const named = schedule((s) => void S.split(s, "B", "j", { factor: 4, names: ["a", "b"] }));
    const plain = schedule((s) => void S.split(s, "B", "j", { factor: 4 }));
    expect(S.renderComparison(S.compareTraces(plain, named))).toBe(
      "~ 0: split B: results j.outer, j.inner → a, b\n0 steps are the same, 1 differs",
    );
  });

  const record = fc.record({ primitive: fc.constantFrom("split", "fuse"), stage: fc.constantFrom("A", "B"), arguments: fc.record({ factor: fc.nat(1) }), results: fc.constant([] as string[]) }); // biome-ignore format: one record
  const trace = fc.array(record, { maxLength: 12 }).map((records): Trace => ({ version: 1, records }));

  it("is enough to make the one trace of the other, and keeps as much as can be kept", () => {
    fc.assert(
      fc.property(trace, trace, (a, b) => {
        const { same, differences } = S.compareTraces(a, b);
        const gone = new Set<number>();
        const made = new Map<number, TraceRecord>();
        for (const each of differences) {
          if (each.kind !== "added") gone.add(each.kind === "removed" ? each.step : each.steps[0]);
          if (each.kind !== "removed")
            made.set(
              each.kind === "added" ? each.step : each.steps[1],
              each.kind === "added" ? each.record : each.records[1],
            );
        }
        const kept = a.records.filter((_, step) => !gone.has(step));
        expect(kept).toHaveLength(same);
        const rebuilt = b.records.map((_, step) => made.get(step) ?? kept.shift());
        expect(rebuilt).toEqual(b.records);
        expect(kept).toEqual([]);
        expect(same).toBe(
          longest(
            a.records.map((each) => JSON.stringify(each)),
            b.records.map((each) => JSON.stringify(each)),
          ),
        );
      }),
      { numRuns: 300 },
    );
  });

  it("refuses what is no trace", () => {
    for (const bad of [
      null,
      {},
      { version: 2, records: [] },
      { version: 1, records: [null] },
      { version: 1, records: [{ primitive: "split" }] },
    ]) {
      for (const pair of [
        [bad, before],
        [before, bad],
      ] as const) {
        let code = "accepted";
        try {
          S.compareTraces(pair[0] as never, pair[1] as never);
        } catch (error) {
          if (!isCompileError(error)) throw error;
          code = error.code;
        }
        expect(code).toBe("SCH120");
      }
    }
  });
});

/** Length of a longest common subsequence, by its definition. */
function longest(a: readonly string[], b: readonly string[]): number {
  const memory = new Map<string, number>();
  const from = (i: number, j: number): number => {
    if (i === a.length || j === b.length) return 0;
    const known = memory.get(`${i} ${j}`);
    if (known !== undefined) return known;
    const found = a[i] === b[j] ? 1 + from(i + 1, j + 1) : Math.max(from(i + 1, j), from(i, j + 1));
    memory.set(`${i} ${j}`, found);
    return found;
  };
  return from(0, 0);
}
