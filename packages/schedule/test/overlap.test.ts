import { isCompileError } from "@tilewright/diagnostics";
import type { Tensor } from "@tilewright/ir";
import * as S from "@tilewright/schedule";
import {
  add,
  compute,
  maximum,
  minimum,
  mul,
  type Operand,
  placeholder,
  read,
  reduceAxis,
  sub,
  sum,
} from "@tilewright/te";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectSame } from "./agreement.js";
import { Choices } from "./random-trace.js";

/** Sums of 3 rows and 2 columns, inside. */
function window(from: Tensor, name: string, height: number, width: number): Tensor {
  const [dy, dx] = [reduceAxis(3, "dy"), reduceAxis(2, "dx")];
  return compute([height, width], (y, x) => sum(read(from, add(y, dy), add(x, dx)), [dy, dx]), { name });
}

/** Chains whose stages need overlapping parts of each other. */
const chains: readonly ((h: number, w: number) => Tensor)[] = [
  (h, w) => {
    const A = placeholder([h + 6, w + 3], { name: "A" });
    return window(window(window(A, "B", h + 4, w + 2), "C", h + 2, w + 1), "D", h, w);
  },
  (h, w) => {
    const A = placeholder([h + 4, w + 2], { name: "A" });
    const B = window(A, "B", h + 2, w + 1);
    const twice = compute([h + 2, w + 1], (y, x) => mul(read(B, y, x), 2), { name: "C" });
    const D = window(twice, "D", h, w);
    return compute([h, w], (y, x) => add(read(D, y, x), read(B, add(y, 1), x)), { name: "E" });
  },
  (n) => {
    const inside = (i: Operand) => minimum(maximum(i, 0), n);
    const A = placeholder([n + 1], { name: "A" });
    const B = compute([n + 1], (i) => mul(read(A, inside(sub(i, 1))), 2), { name: "B" });
    const C = compute([n + 1], (i) => add(add(read(B, inside(sub(i, 1))), read(B, i)), read(B, inside(add(i, 2)))), {
      name: "C",
    });
    return compute([n + 1], (i) => add(read(C, i), read(C, inside(add(i, 1)))), { name: "D" });
  },
  (n) => {
    const A = placeholder([2 * n + 9], { name: "A" });
    const B = compute([2 * n + 6], (i) => add(read(A, i), read(A, add(i, 2))), { name: "B" });
    const k = reduceAxis(5, "k");
    const C = compute([n + 1], (i) => sum(read(B, add(mul(i, 2), k)), k), { name: "C" });
    return compute([n], (i) => add(read(C, i), read(C, add(i, 1))), { name: "D" });
  },
];

/** Every stage in a loop of the last one or of a reader, rolled, ahead of its readers, cut and marked: as far as that is legal. */
function overlapped(output: Tensor, choices: Choices): S.Schedule {
  const s = S.createSchedule(output);
  const { name } = output.operation;
  const attempt = (call: () => unknown): void => {
    try {
      call();
    } catch (error) {
      if (!isCompileError(error) || !error.code.startsWith("SCH")) throw error;
    }
  };
  const loopOf = (stage: string) => choices.of(S.axesOf(s, stage)) ?? "none";
  const cut = (stage: string, tails: readonly S.TailStrategy[]): void =>
    attempt(() =>
      S.split(s, stage, loopOf(stage), { factor: 1 + choices.below(5), tail: choices.of(tails) ?? "guard" }),
    );
  if (choices.below(2) > 0) cut(name, ["guard", "shift"]);
  attempt(() => S.reorder(s, name, [loopOf(name), loopOf(name)]));
  const place = loopOf(name);
  const inner = s.stages.map((stage) => stage.name).filter((each) => each !== name && each !== "A");
  for (const stage of [...inner].reverse()) {
    if (choices.below(8) === 0) attempt(() => S.computeAt(s, stage, name, loopOf(name)));
    else attempt(() => S.computeAt(s, stage, name, place));
  }
  for (const stage of inner) if (choices.below(4) > 0) attempt(() => S.rollingBuffer(s, stage));
  for (const stage of inner) if (choices.below(3) === 0) attempt(() => S.doubleBuffer(s, stage));
  if (choices.below(3) === 0) {
    let number = 0;
    const stages = Object.fromEntries([...inner, name].map((each) => {
      number += choices.below(3);
      return [each, number];
    })); // biome-ignore format: one table
    const order = choices.below(2) === 0 ? [...inner, name] : [name, ...[...inner].reverse()];
    attempt(() => S.softwarePipeline(s, name, place, { stages, order }));
  }
  while (!choices.exhausted) {
    const stage = choices.of([...inner, name]) ?? name;
    const mark = choices.of([S.vectorize, S.unroll, S.parallel, null, null] as const) ?? null;
    if (mark === null) cut(stage, ["guard", "shift", "roundUp"]);
    else attempt(() => mark(s, stage, loopOf(stage)));
  }
  return s;
}

describe("stages that last from one iteration to the next", () => {
  it("compute the same however they are placed, rolled, pipelined, cut and marked", () => {
    const found: Record<string, number> = {};
    const size = fc.tuple(fc.nat(chains.length - 1), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 }));
    const numbers = fc.array(fc.nat(1 << 20), { minLength: 10, maxLength: 60, size: "max" });
    const holds = ([chain, h, w]: readonly [number, number, number], choices: readonly number[]): void => {
      const schedule = overlapped((chains[chain] as (typeof chains)[number])(h, w), new Choices(choices));
      for (const { primitive } of S.traceOf(schedule).records) found[primitive] = (found[primitive] ?? 0) + 1;
      expectSame(schedule);
    };
    fc.assert(fc.property(size, numbers, holds), { numRuns: 60 });
    for (const primitive of ["rollingBuffer", "doubleBuffer", "softwarePipeline"])
      expect(found[primitive] ?? 0).toBeGreaterThan(5);
  });
});
