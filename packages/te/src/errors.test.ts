import { readFileSync } from "node:fs";
import { isCompileError } from "@tilewright/diagnostics";
import { build, type DType, type IterVar, type Tensor, variable } from "@tilewright/ir";
import { describe, expect, it } from "vitest";
import * as te from "./index.js";

const A = te.placeholder([4, 8], { name: "A" });
const X = te.placeholder([4], { name: "X", dtype: "int32" });
const k = te.reduceAxis(8, "k");
const wrong = <T>(value: unknown): T => value as T;
const pair = te.commReducer({ identities: () => [0], combine: ([a]) => [wrong(a), wrong(a)] });
const state = te.placeholder([5, 3], { name: "state" });
const scanOf = (initial: Tensor[], update: Tensor[]) => te.scan({ initial, states: [state], update });

/** One call for each way to go wrong. */
const MISTAKES: readonly (readonly [code: string, what: string, call: () => unknown])[] = [
  ["TE101", "types differ", () => te.add(te.read(A, 0, 0), te.read(X, 0))],
  ["TE101", "arms differ", () => te.select(true, te.read(A, 0, 0), te.read(X, 0))],
  ["TE101", "an axis meets a float", () => te.mul(k, te.read(A, 0, 0))],
  ["TE102", "a float function of an integer", () => te.exp(te.read(X, 0))],
  ["TE102", "and of numbers", () => te.and(te.read(X, 0), te.read(X, 0))],
  ["TE102", "a sum of truth values", () => te.sum(te.lt(te.read(A, 0, k), 0), k)],
  ["TE103", "a fraction beside an integer", () => te.add(te.read(X, 0), 0.5)],
  ["TE103", "a number beyond the type", () => te.constant(300, "int8")],
  ["TE103", "a negative unsigned", () => te.cast(-1, "uint8")],
  ["TE103", "a number for a truth value", () => te.select(1, te.read(X, 0), 0)],
  ["TE104", "two bare numbers", () => te.add(1, 2)],
  ["TE104", "a bare arm beside a bare arm", () => te.ifThenElse(te.lt(te.read(A, 0, 0), 0), 1, 2)],
  ["TE104", "a bare element", () => te.compute([4], () => 1)],
  ["TE105", "a tensor without indices", () => te.add(A, 1)],
  ["TE106", "a condition that is a number", () => te.select(te.read(X, 0), te.read(X, 0), 0)],
  ["TE106", "a condition of a reduction", () => te.sum(te.read(A, 0, k), k, { where: te.read(X, 0) })],
  ["TE107", "nothing", () => te.add(wrong(undefined), 1)],
  ["TE107", "a string", () => te.neg(wrong("x"))],
  ["TE107", "a buffer", () => te.neg(wrong({ kind: "Buffer" }))],
  ["TE108", "an unknown type", () => te.cast(te.read(A, 0, 0), wrong<DType>("float31"))],
  ["TE108", "an unknown type of a placeholder", () => te.placeholder([1], { dtype: wrong<DType>("double") })],
  ["TE109", "a tensor of indices", () => te.placeholder([1], { dtype: "index" })],
  ["TE109", "an element that is an axis", () => te.compute([4], (i) => i)],
  ["TE201", "too few indices", () => te.read(A, 0)],
  ["TE202", "a float index", () => te.read(A, te.read(A, 0, 0), 0)],
  ["TE203", "a window beyond the end", () => te.compute([4], (i) => te.read(A, te.add(i, 1), 0))],
  ["TE203", "a negative index", () => te.compute([4], () => te.read(A, -1, 0))],
  [
    "TE203",
    "a window inside a reduction",
    () => te.compute([4], (i) => te.sum(te.read(A, i, te.add(te.mul(k, 2), 1)), k)),
  ],
  ["TE204", "a negative extent", () => te.placeholder([-1])],
  ["TE204", "a fractional extent", () => te.reduceAxis(2.5)],
  ["TE204", "an extent of another type", () => te.compute([wrong("4")], () => te.read(A, 0, 0))],
  ["TE204", "no shape", () => te.placeholder(wrong(undefined))],
  ["TE205", "a reduction inside an expression", () => te.compute([4], (i) => te.add(te.sum(te.read(A, i, k), k), 1))],
  [
    "TE206",
    "a reduction beside an expression",
    () => te.compute([4], (i) => [te.sum(te.read(A, i, k), k), te.read(X, i)]),
  ],
  ["TE207", "an axis that nothing folds", () => te.compute([4], (i) => te.read(A, i, k))],
  ["TE207", "a variable from nowhere", () => te.compute([4], () => te.read(X, variable("i")))],
  ["TE208", "two axes of one name", () => te.compute([4], (i) => te.sum(te.read(A, i, k), k), { axes: ["k"] })],
  ["TE209", "an axis that is none", () => te.sum(te.read(A, 0, k), wrong<IterVar>(variable("k")))],
  ["TE209", "no axis", () => te.sum(te.read(A, 0, 0), [])],
  ["TE209", "an axis twice", () => te.sum(te.read(A, 0, k), [k, k])],
  ["TE210", "a reducer that gives too much", () => pair([te.read(A, 0, k)], k)],
  [
    "TE211",
    "a callback without a return",
    () =>
      te.compute(
        [4],
        wrong(() => undefined),
      ),
  ],
  ["TE211", "a callback that gives no entry", () => te.compute([4], () => [])],
  ["TE212", "a read of an expression", () => te.read(wrong(te.read(A, 0, 0)), 0)],
  [
    "TE212",
    "an input that is no tensor",
    () => te.extern({ inputs: [wrong(k)], outputs: [{ shape: [1], dtype: "int8" }], body: () => build.seq() }),
  ],
  ["TE213", "an update of another shape", () => scanOf([te.placeholder([1, 3])], [te.placeholder([5, 4])])],
  ["TE213", "a state without an update", () => scanOf([te.placeholder([1, 3])], [])],
  [
    "TE214",
    "an initial value that varies",
    () => te.compute([], () => te.sum(te.read(A, 0, k), k, { initial: te.cast(k, "float32") })),
  ],
  ["TE215", "no outputs", () => te.extern({ inputs: [], outputs: [], body: () => build.seq() })],
  [
    "TE215",
    "no body",
    () => te.extern({ inputs: [], outputs: [{ shape: [1], dtype: "int8" }], body: wrong(() => undefined) }),
  ],
];

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (isCompileError(error)) {
      const [diagnostic] = error.diagnostics;
      expect(diagnostic?.span.file).toMatch(/errors\.test\.ts$/);
      expect([diagnostic?.expected, diagnostic?.actual, diagnostic?.hint]).not.toContain(undefined);
      return error.code;
    }
    throw error;
  }
  return "no error";
}

describe("a mistake is named, with its place, what was expected, what was found and what to do", () => {
  it.each(MISTAKES)("%s: %s", (code, _, call) => {
    expect(codeOf(call)).toBe(code);
  });

  it("for every code of the catalogue", () => {
    const catalogue = readFileSync(new URL("./errors.ts", import.meta.url), "utf8").match(/"TE\d+"/g) ?? [];
    expect(new Set(MISTAKES.map(([code]) => `"${code}"`))).toEqual(new Set(catalogue));
  });

  it("as text", () => {
    expect(() => te.read(A, 0)).toThrow(
      /error\[TE201\]: `A` has rank 2, read with 1 indices\n {2}--> .*errors\.test\.ts:\d+:\d+\n {2}= expected: 2 indices for shape \[4, 8\]\n {2}= actual: 1\n {2}= hint: give one index for each dimension/,
    );
  });
});
