import { describe, expect, it } from "vitest";
import { func, module } from "../../test/samples.js";
import { build as b, int, variable } from "../build.js";
import type { Level } from "../level.js";
import type { Stmt, ThreadTag } from "../stmt.js";
import { verify } from "./verify-func.js";

const threads = (tag: ThreadTag, body: Stmt = b.seq()): Stmt => ({
  ...b.loop(variable("t"), int(0), int(4), body, "thread"),
  thread: tag,
});
const loop = (body: Stmt): Stmt => b.loop(variable("k"), int(0), int(4), body);

/** The codes for a call of a function with this body as a launch of these sizes. */
function codesOf(grid: readonly number[], block: readonly number[], body: Stmt, level: Level = "device") {
  const launch = { grid: grid.map((size) => int(size)), block: block.map((size) => int(size)) };
  const call: Stmt = { kind: "KernelCall", span: b.span, callee: "g", args: [], launch };
  return verify(module(func("f", [], call), func("g", [], body)), level).map(({ code }) => code);
}

describe("verify of a launch", () => {
  it("accepts thread loops around everything, and axes of one without a loop", () => {
    expect(codesOf([4], [4, 1], threads("blockIdx.x", threads("threadIdx.y", loop(b.seq()))))).toEqual([]);
    expect(codesOf([1], [1], loop(b.seq()))).toEqual([]);
  });

  it("judges from the level flat on", () => {
    expect(codesOf([9], [9], b.seq(), "scheduled")).toEqual([]);
    expect(codesOf([9], [9], b.seq(), "flat")).toEqual(["IR307"]);
  });

  it.each([
    ["more threads than the call says", [1], [8], threads("threadIdx.x")],
    ["another axis than the call says", [1], [4], threads("threadIdx.y")],
    ["threads inside of a loop", [1], [4], loop(threads("threadIdx.x"))],
    ["blocks inside of threads", [4], [4], threads("threadIdx.x", threads("blockIdx.x"))],
    ["loops that do not begin at 0", [1], [4], { ...threads("threadIdx.x"), min: int(1) } as Stmt],
  ] as const)("IR307: %s", (_, grid, block, body) => {
    expect(codesOf(grid, block, body)).toEqual(["IR307"]);
  });
});
