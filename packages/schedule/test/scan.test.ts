import { isCompileError } from "@tilewright/diagnostics";
import { evaluateTensors, interpret, type TypedArray } from "@tilewright/interp";
import type { Tensor } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import * as S from "@tilewright/schedule";
import {
  add,
  compute,
  maximum,
  mul,
  type Operand,
  placeholder,
  read,
  reduceAxis,
  scan,
  sub,
  sum,
} from "@tilewright/te";
import { describe, expect, it } from "vitest";
import { elements, inputFor, placeholdersOf } from "./programs.js";

/** `time − distance`, kept inside for the times before the recurrence begins, which nobody asks for. */
const before = (time: Operand, distance: number) => maximum(sub(time, distance), 0);

/** Running sums along the first dimension: the step is pointwise in the others. */
function runningSum(times: number, n: number) {
  const X = placeholder([times, n], { name: "X" });
  const state = placeholder([times, n], { name: "state" });
  const first = compute([1, n], (_, i) => read(X, 0, i), { name: "first" });
  const next = compute([times, n], (t, i) => add(read(state, before(t, 1), i), read(X, t, i)), { name: "next" });
  const [R] = scan({ name: "R", initial: [first], states: [state], update: [next] }) as [Tensor];
  return { X, next, R };
}

/** A small recurrent network: the step multiplies the whole state. */
function recurrent(times: number, n: number) {
  const X = placeholder([times, n], { name: "X" });
  const W = placeholder([n, n], { name: "W" });
  const H0 = placeholder([2, n], { name: "H0" });
  const state = placeholder([times, n], { name: "state" });
  const k = reduceAxis(n, "k");
  const product = compute([times, n], (t, i) => sum(mul(read(state, before(t, 2), k), read(W, i, k)), k), {
    name: "product",
  });
  const next = compute(
    [times, n],
    (t, i) => sub(add(read(product, t, i), read(X, t, i)), read(state, before(t, 1), i)),
    {
      name: "next",
    },
  );
  const [H] = scan({ name: "H", initial: [H0], states: [state], update: [next] }) as [Tensor];
  const Y = compute([times, n], (t, i) => mul(read(H, t, i), 2), { name: "Y" });
  return { X, W, H0, product, next, H, Y };
}

function check(outputs: readonly Tensor[], schedule: S.Schedule, seed = 3): void {
  const given = placeholdersOf(outputs).map((tensor) => [tensor.name, inputFor(tensor, seed)] as const);
  const inputs = new Map<string, TypedArray>(given);
  const expected = evaluateTensors(outputs, inputs);
  const func = S.toPrimFunc(schedule);
  expect(verify(func, "scheduled")).toEqual([]);
  const memory = new Map<string, TypedArray>(inputs);
  for (const tensor of outputs) memory.set(tensor.name, new Float32Array(elements(tensor.shape)).fill(Number.NaN));
  interpret(func, memory as never, { seed });
  for (const [k, tensor] of outputs.entries()) expect(memory.get(tensor.name)).toEqual(expected[k]);
}

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
  return "legal";
};

describe("a scan", () => {
  it.each([
    [1, 1],
    [2, 3],
    [7, 5],
  ])("of %i times and %i elements computes what it says", (times, n) => {
    const { R } = runningSum(times, n);
    check([R], S.createSchedule(R));
    if (times < 2) return;
    const { H } = recurrent(times, n);
    check([H], S.createSchedule(H));
  });

  it("is one nest over time with its step inside", () => {
    const s = S.createSchedule(runningSum(4, 3).R);
    S.computeInline(s, "next");
    expect(S.print(s)).toMatchInlineSnapshot(`
      "// tilewright-ir 1
      prim_func @R(X: float32[4, 3] @global align 64, R: float32[4, 3] @global align 64) {
        allocate first: float32[1, 3] @global align 64
        for i in 0..1 {
          for j in 0..3 {
            first[0, j] = X[0, j]
          }
        }
        for t in 0..1 {
          for j_1 in 0..3 {
            R[t, j_1] = first[0, j_1]
          }
        }
        for t_1 in 0..3 {
          for j_2 in 0..3 {
            R[t_1 + 1, j_2] = R[t_1, j_2] + X[t_1 + 1, j_2]
          }
        }
      }
      "
    `);
  });
});

describe("schedules of a scan", () => {
  it("split, vectorize, unroll and run data loops in parallel inside time", () => {
    const { H } = recurrent(9, 7);
    const s = S.createSchedule(H);
    S.split(s, H, "t", { factor: 4 });
    const [, lanes] = S.split(s, H, "j", { factor: 4 });
    S.vectorize(s, H, lanes);
    S.parallel(s, "product", "j");
    S.split(s, "product", "k", { factor: 3 });
    S.computeInline(s, "next");
    check([H], s);
  });

  it("put a pointwise dimension around time, on threads", () => {
    const { R } = runningSum(6, 11);
    const s = S.createSchedule(R);
    S.computeInline(s, "next");
    const [outer, inner] = S.split(s, R, "j", { factor: 4 });
    S.reorder(s, R, [outer, "t", inner]);
    S.parallel(s, R, outer);
    S.vectorize(s, R, inner);
    check([R], s);
  });

  it("give readers outside a cache, and replay on other shapes", () => {
    const { H, Y } = recurrent(5, 4);
    const s = S.createSchedule(Y);
    S.cacheRead(s, H, "local", [Y]);
    S.computeAt(s, "H.local", Y, "i");
    S.split(s, H, "j", { factor: 3 });
    const given = new Map<string, TypedArray>([
      ["X", Float32Array.from({ length: 20 }, (_, i) => (i % 5) - 2)],
      ["W", Float32Array.from({ length: 16 }, (_, i) => (i % 3) - 1)],
      ["H0", Float32Array.from({ length: 8 }, (_, i) => i % 2)],
    ]);
    const expected = evaluateTensors([Y], given)[0];
    const memory = new Map<string, TypedArray>([...given, ["Y", new Float32Array(20)]]);
    interpret(S.toPrimFunc(s), memory as never);
    expect(memory.get("Y")).toEqual(expected);
    expect(S.traceOf(S.replay(recurrent(8, 9).Y, S.traceOf(s)))).toEqual(S.traceOf(s));
  });
});

describe("a recurrence is not broken", () => {
  const cases: readonly (readonly [string, string, (s: S.Schedule) => unknown])[] = [
    ["SCH108", "threads over time", (s) => S.parallel(s, "H", "t")],
    ["SCH108", "lanes over time", (s) => S.vectorize(s, "H", "t")],
    ["SCH128", "a mixed dimension around time", (s) => S.reorder(s, "H", ["j", "t"])],
    [
      "SCH128",
      "inner times around outer ones",
      (s) => S.reorder(s, "H", [...S.split(s, "H", "t", { factor: 2 })].reverse()),
    ],
    ["SCH116", "times computed twice", (s) => S.split(s, "H", "t", { factor: 2, tail: "shift" })],
    ["SCH106", "time fused with data", (s) => S.fuse(s, "H", "t", "j")],
    ["SCH129", "the step before the scan", (s) => S.computeRoot(s, "product")],
    ["SCH110", "a scan computed in its reader", (s) => S.computeAt(s, "H", "Y", "t")],
    ["SCH110", "a scan inlined", (s) => S.computeInline(s, "H")],
    ["SCH110", "a scan cached for writing", (s) => S.cacheWrite(s, "H", "local")],
  ];
  it.each(cases)("%s: %s", (code, _what, change) => {
    const { Y } = recurrent(6, 4);
    const s = S.createSchedule(Y);
    expect(codeOf(() => change(s))).toBe(code);
  });

  it("by a step that reads its own time", () => {
    const state = placeholder([4, 2], { name: "state" });
    const X = placeholder([1, 2], { name: "X" });
    const next = compute([4, 2], (t, i) => add(read(state, t, i), 1), { name: "next" });
    const [R] = scan({ name: "R", initial: [X], states: [state], update: [next] }) as [Tensor];
    expect(codeOf(() => S.createSchedule(R))).toBe("SCH128");
  });
});
