import { NO_SPAN } from "@tilewright/diagnostics";
import { at, type Buffer, buffer, build, constant, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { functions } from "../../ir/test/random.js";
import { everyStatement } from "../../ir/test/samples.js";
import { analyse } from "../src/analyse.js";
import { renderText, ZEN3_NATIVE } from "../src/index.js";
import { renderSvg } from "../src/svg.js";
import { wellFormed } from "./well-formed.js";

const b = at(NO_SPAN);
const names = { nameOf: ({ name }: Buffer) => name, stageOf: () => undefined };
const explained = (func: PrimFunc) => analyse(func, names, ZEN3_NATIVE, 2);
const float = (name: string, ...shape: readonly number[]): Buffer => buffer(name, { dtype: "float32", shape });
const funcOf = (body: Stmt, ...parameters: readonly Buffer[]): PrimFunc => ({
  kind: "PrimFunc", span: NO_SPAN, name: "f", role: "kernel", parameters, mayAlias: [], body, attributes: {},
}); // biome-ignore format: one glance

describe("a function of any form", () => {
  it("has an explanation, and what is counted conservatively is said", () => {
    const notes = everyStatement().functions.flatMap((func) => {
      const explanation = explained(func);
      expect(wellFormed(renderSvg(explanation))).toBe("");
      expect(renderText(explanation)).toContain(func.name);
      return explanation.notes;
    });
    expect(notes.join("\n")).toMatch(/is counted as reading and writing the regions/);
    expect(notes.join("\n")).toMatch(/a `while` loop is counted as one iteration/);
    expect(notes.join("\n")).toMatch(/what the queue `[^`]*` runs is counted as if it ran in place/);
  });

  it("never throws, on random functions", () => {
    fc.assert(
      fc.property(functions, (func) => {
        const explanation = explained(func);
        expect(renderText(explanation)).not.toMatch(/NaN|undefined/);
        expect(wellFormed(renderSvg(explanation))).toBe("");
      }),
      { numRuns: 500 },
    );
  });

  it("a call touches its regions, once for each time it is called", () => {
    const [A, C] = [float("A", 64, 64), float("C", 64, 64)];
    const i = variable("i", "index");
    const region = (of: Buffer) => ({
      kind: "BufferRegion" as const, span: NO_SPAN, buffer: of, mins: [build.mul(i, int(4)), int(0)], extents: [int(4), int(16)],
    }); // biome-ignore format: one glance
    const call: Stmt = {
      kind: "KernelCall",
      span: NO_SPAN,
      callee: "tile",
      args: [region(C), region(A)],
      launch: null,
    };
    const { stages, notes } = explained(funcOf(b.loop(i, int(0), int(16), call), A, C));
    const [stage] = stages;
    expect(stage?.name).toBe("C");
    expect(stage?.traffic.at(-1)?.buffers).toEqual([
      { buffer: "C", read: 64 * 64, written: 64 * 64 },
      { buffer: "A", read: 64 * 64, written: 64 * 64 },
    ]);
    expect(notes).toEqual([expect.stringContaining("`tile` is counted")]);
  });

  it("strides of a buffer count, and loops need not begin at 0", () => {
    const A = buffer("A", { dtype: "float32", shape: [64, 4], strides: [256, 1] });
    const C = float("C", 64);
    const i = variable("i", "index");
    const body = b.store(C, [i], b.load(A, [i, int(2)]));
    const [stage] = explained(funcOf(b.loop(i, int(16), int(32), body), A, C)).stages;
    // Rows of A lie 1024 bytes apart: a line each. The half of C lies in two lines.
    expect(stage?.traffic.at(-1)?.buffers).toEqual([
      { buffer: "A", read: 32 * 64, written: 0 },
      { buffer: "C", read: 0, written: 2 * 64 },
    ]);
  });

  it("an extent that depends on another loop is counted with its bound", () => {
    const A = float("A", 16, 16);
    const [i, j] = [variable("i", "index"), variable("j", "index")];
    const body = b.loop(
      i,
      int(0),
      int(16),
      b.loop(j, int(0), build.add(i, int(1)), b.store(A, [i, j], constant(1, "float32"))),
    );
    const { stages, notes } = explained(funcOf(body, A));
    expect(stages[0]?.computed.points).toBe(256);
    expect(notes).toEqual(["the loop `j` has no constant extent and is counted with its bound 16"]);
  });

  it("what a `let` names is read once, where it stands", () => {
    const [A, C] = [float("A", 16), float("C", 16)];
    const [i, x, at0] = [variable("i", "index"), variable("x", "float32"), variable("place", "index")];
    const square = b.let(x, b.load(A, [at0]), b.store(C, [at0], build.mul(x, x)));
    const body = b.loop(i, int(0), int(8), b.let(at0, build.mul(i, int(2)), square));
    const [stage] = explained(funcOf(body, A, C)).stages;
    expect(stage?.work.flops).toBe(8);
    expect(stage?.traffic[0]?.buffers).toEqual([
      { buffer: "A", read: 32, written: 0 },
      { buffer: "C", read: 0, written: 32 },
    ]);
    expect(stage?.vectorization.isVectorized).toBe(false);
  });
});
