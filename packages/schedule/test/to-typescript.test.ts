import { isCompileError } from "@tilewright/diagnostics";
import type { Tensor, Trace, TraceRecord } from "@tilewright/ir";
import { decode, encode } from "@tilewright/ir/json";
import { parseTraceText, print } from "@tilewright/ir/text";
import * as S from "@tilewright/schedule";
import { add, compute, mul, placeholder, read, reduceAxis, sum } from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PRIMITIVES } from "../src/primitives.js";
import { CALLS } from "../src/typescript-calls.js";
import { programs } from "./programs.js";
import { Choices, randomSchedule } from "./random-trace.js";

/** Runs the text as it stands, its imports and other names given. */
function run(text: string, scope: { readonly [name: string]: unknown }): S.Schedule {
  const [, imports = "", body = ""] = /^import \{ ([^}]*) \} from "@tilewright\/schedule";\n(.*)$/s.exec(text) ?? [];
  const known: { readonly [name: string]: unknown } = { ...S, ...scope };
  const names = [...imports.split(", "), ...Object.keys(scope)];
  return new Function(...names, `"use strict";\n${body}\nreturn s;`)(...names.map((name) => known[name])) as S.Schedule;
}

function product(m: number, n: number, k: number) {
  const [A, B] = [placeholder([m, k], { name: "A" }), placeholder([k, n], { name: "B" })];
  const r = reduceAxis(k, "k");
  const C = compute([m, n], (i, j) => sum(mul(read(A, i, r), read(B, r, j)), r), { name: "C" });
  const D = compute([m, n], (i, j) => add(read(C, i, j), 1), { name: "D" });
  return { A, B, C, D, s: S.createSchedule(D) };
}

const codeOf = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "accepted";
};

describe("toTypeScript", () => {
  it("names variables after what they hold, and declares those that are used", () => {
    const { s, C, D, B } = product(16, 24, 8);
    const packed = S.cacheRead(s, B, "global", [C]);
    S.transformLayout(s, packed, [{ dimension: 1, divisor: 8 }, { dimension: 0 }, { dimension: 1, modulus: 8 }], {
      padValue: Number.NEGATIVE_INFINITY,
    });
    const [, , width] = S.samplePerfectTile(s, D, "j", { parts: 3 }, [1, 3, 8]);
    const [jo] = S.split(s, D, "j", { factor: width });
    S.computeAt(s, C, D, jo);
    const [, inner] = S.split(s, C, "j", { factor: 8, tail: "roundUp" });
    S.reorder(s, C, ["k", inner]);
    S.vectorize(s, C, inner);
    const text = S.toTypeScript(S.traceOf(s), { tensors: { B: "B", C: "C", D: "D" }, outputs: "D" });
    expect(text).toMatchInlineSnapshot(`
      "import { cacheRead, computeAt, createSchedule, reorder, samplePerfectTile, split, transformLayout, vectorize } from "@tilewright/schedule";

      const s = createSchedule(D);
      const BGlobal = cacheRead(s, B, "global", [C]);
      transformLayout(s, BGlobal, [{ dimension: 1, divisor: 8, modulus: null }, { dimension: 0, divisor: 1, modulus: null }, { dimension: 1, divisor: 1, modulus: 8 }], { padValue: -Infinity });
      const [, , jTile] = samplePerfectTile(s, D, "j", { parts: 3 }, [1, 3, 8]);
      const [jOuter] = split(s, D, "j", { factor: jTile });
      computeAt(s, C, D, jOuter);
      const [, jInner] = split(s, C, "j", { factor: 8, tail: "roundUp" });
      reorder(s, C, ["k", jInner]);
      vectorize(s, C, jInner);
      "
    `);
    const again = run(text, { B, C, D });
    expect(S.traceOf(again)).toEqual(S.traceOf(s));
    expect(S.print(again)).toBe(S.print(s));
  });

  it("knows every primitive that a trace may hold", () => {
    expect(Object.keys(CALLS).sort()).toEqual(Object.keys(PRIMITIVES).sort());
  });

  it("makes the same schedule again, for every program and any trace; so do text and JSON", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.nat(programs.length - 1),
        fc.array(fc.nat(1 << 20), { maxLength: 120, size: "max" }),
        (at, numbers) => {
          const outputs = (programs[at] as (typeof programs)[number]).build((k) => [6, 5, 4][k] ?? 2);
          const { schedule } = randomSchedule(outputs, new Choices(numbers));
          const trace = S.traceOf(schedule);
          for (const { primitive } of trace.records) seen.add(primitive);
          const own = [...schedule.intrinsics.values()].map((each, k) => [each, `intrinsic${k}`] as const);
          const intrinsics = Object.fromEntries(own.map(([{ name }, word]) => [name, word]));
          const scope = { outputs, ...Object.fromEntries(own.map(([each, word]) => [word, each])) };
          expect(S.traceOf(run(S.toTypeScript(trace, { intrinsics }), scope))).toEqual(trace);
          expect(parseTraceText(print(trace))).toEqual(trace);
          expect(decode(JSON.parse(JSON.stringify(encode(trace))))).toEqual(trace);
        },
      ),
      { numRuns: 80 },
    );
    expect(seen.size).toBeGreaterThan(25);
  });

  it("writes what random traces seldom hold", () => {
    const A = placeholder([12, 3], { name: "A" });
    const B = compute([12, 3], (i, j) => mul(read(A, i, j), 2), { name: "B" });
    const C = compute([10, 3], (i, j) => add(read(B, i, j), read(B, add(i, 2), j)), { name: "C" });
    const s = S.createSchedule(C);
    S.computeAt(s, B, C, "i");
    S.rollingBuffer(s, B, 0);
    const deep = S.createSchedule(C);
    S.computeAt(deep, B, C, "i");
    S.softwarePipeline(deep, C, "i", { stages: { B: 0, C: 1 }, order: ["C", "B"] });
    const [X, Y] = compute([4], (i) => [read(A, i, 0), read(A, i, 1)], { name: "XY" }) as [Tensor, Tensor];
    const second = S.createSchedule(compute([4], (i) => add(read(X, i), read(Y, i)), { name: "Z" }));
    S.computeAt(second, S.cacheRead(second, Y, "local"), "Z", "i");
    for (const each of [s, deep, second]) {
      const trace = S.traceOf(each);
      expect(S.traceOf(run(S.toTypeScript(trace), { outputs: each.outputs }))).toEqual(trace);
    }
  });

  it("keeps names apart: reserved words, names of variables in scope, names that are none", () => {
    const A = placeholder([4, 4], { name: "A" });
    const B = compute([4, 4], (i, j) => add(read(A, i, j), 1), { name: "B" });
    const s = S.createSchedule(B);
    const [a, b] = S.split(s, B, "i", { factor: 2, names: ["class", "s"] });
    const [c, d] = S.split(s, B, "j", { factor: 2, names: ["outputs", "2·π"] });
    S.reorder(s, B, [a, c, b, d]);
    S.parallel(s, B, S.fuse(s, B, a, c));
    const text = S.toTypeScript(S.traceOf(s));
    expect(S.traceOf(run(text, { outputs: B }))).toEqual(S.traceOf(s));
  });

  it("refuses what is no trace", () => {
    const record = (more: object): Trace => ({
      version: 1,
      records: [
        { primitive: "fuse", stage: "C", arguments: { axes: ["i", "j"] }, results: ["i.j"], ...more } as TraceRecord,
      ],
    });
    expect(codeOf(() => S.toTypeScript(record({})))).toBe("accepted");
    for (const more of [
      { primitive: "melt" },
      { primitive: "toString" },
      { stage: 3 },
      { results: null },
      { results: [3] },
      { arguments: {} },
      { arguments: null },
    ])
      expect(codeOf(() => S.toTypeScript(record(more)))).toBe("SCH120");
    for (const trace of [null, {}, { version: 2, records: [] }, { version: 1, records: [null] }])
      expect(codeOf(() => S.toTypeScript(trace as never))).toBe("SCH120");
  });
});

describe("replay on another shape", () => {
  it("does what fits, and says at which step what differs", () => {
    const { s, C, D } = product(8, 12, 4);
    S.split(s, C, "k", { factor: 4, tail: "exact" });
    S.split(s, D, "i", { factor: 4, tail: "shift" });
    S.computeAt(s, C, D, "i.outer");
    const trace = S.traceOf(s);
    for (const [m, n, k] of [
      [8, 12, 4],
      [9, 5, 8],
      [4, 1, 16],
    ] as const)
      expect(S.traceOf(S.replay(product(m, n, k).D, trace))).toEqual(trace);
    const notes = (outputs: Tensor): readonly string[] => {
      try {
        S.replay(outputs, trace);
      } catch (error) {
        if (isCompileError(error)) return [error.code, ...(error.diagnostics[0]?.notes ?? [])];
        throw error;
      }
      return [];
    };
    const odd = notes(product(8, 12, 6).D);
    expect(odd[0]).toBe("SCH102");
    expect(odd.at(-1)).toBe("at step 0 of the trace, `split` on `C`");
    const A = placeholder([4], { name: "A" });
    const other = notes(compute([4], (i) => add(read(A, i), 1), { name: "D" }));
    expect(other[0]).toBe("SCH103");
    expect(other.at(-1)).toBe("at step 0 of the trace, `split` on `C`");
  });
});
