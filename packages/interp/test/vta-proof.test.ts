import { isCompileError } from "@tilewright/diagnostics";
import { int, isConst, type PrimFunc, rewrite, type Stmt } from "@tilewright/ir";
import { verify } from "@tilewright/ir/verify";
import { describe, expect, it } from "vitest";
import { interpret } from "../src/index.js";
import { expectedOut, newMemory, streamKernel, streamStatements, virtualThreadKernel } from "./vta-stream.js";

const SEEDS = [0, 1, 2, 3];

function run(func: PrimFunc, seed: number): Int8Array {
  const memory = newMemory();
  interpret(func, memory, { seed });
  return memory.out;
}

/** The kernel with one channel of sixteen: the same tokens and rows in little time. */
const sketch = (stmts: readonly Stmt[]): PrimFunc =>
  rewrite(streamKernel(stmts), { For: (loop) => (isConst(loop.extent, 16) ? { ...loop, extent: int(1) } : undefined) });

/** The code of the error that a run ends with, or null. */
function codeOf(stmts: readonly Stmt[], seed: number): string | null {
  try {
    run(sketch(stmts), seed);
    return null;
  } catch (error) {
    if (isCompileError(error)) return error.code;
    throw error;
  }
}

const tokens = streamStatements().flatMap((stmt, position) =>
  stmt.kind === "PushToken" || stmt.kind === "PopToken" ? [{ stmt, position }] : [],
);

/** Each push with the pop that takes its token: the k-th of a channel belongs to the k-th. */
function pairs(): { readonly channel: string; readonly positions: readonly [number, number] }[] {
  const of = (kind: string, channel: string) =>
    tokens.filter(({ stmt }) => stmt.kind === kind && `${stmt.from}-${stmt.to}` === channel);
  const channels = [...new Set(tokens.map(({ stmt }) => `${stmt.from}-${stmt.to}`))];
  return channels.flatMap((channel) =>
    of("PushToken", channel).map((push, k) => ({
      channel,
      positions: [push.position, of("PopToken", channel)[k]?.position ?? -1] as const,
    })),
  );
}

describe("a VTA convolution with two threads, as loop IR", () => {
  it.each([
    ["instruction by instruction", streamKernel()],
    ["with a virtual loop", virtualThreadKernel()],
  ])(
    "is well-formed and computes the vector's memory in every interleaving and for every content of the scratchpads: %s",
    (_, func) => {
      expect(verify(func, "scheduled")).toEqual([]);
      for (const seed of SEEDS) expect(run(func, seed)).toEqual(expectedOut);
    },
  );

  it("without any one of its tokens ends in an error", () => {
    expect(tokens.length).toBe(24);
    for (const { position, stmt } of tokens) {
      for (const seed of SEEDS) {
        const code = codeOf(streamStatements().toSpliced(position, 1), seed);
        const expected = stmt.kind === "PushToken" ? ["IP308", "IP306"] : ["IP310", "IP306", "IP308"];
        expect(expected, `${stmt.kind} at ${position}`).toContain(code);
      }
    }
  });

  it("without a token on both sides ends in a race, in every schedule", () => {
    // The first two tokens to the load queue only say that scratchpads are free, which they are; the last two order the end.
    const length = streamStatements().length;
    const first = pairs()
      .filter(({ channel }) => channel === "compute-load")
      .slice(0, 2);
    const essential = pairs().filter(
      (pair) => !first.some((each) => each.positions[0] === pair.positions[0]) && pair.positions[0] < length - 4,
    );
    expect(essential.length).toBe(8);
    for (const { positions } of essential) {
      const stmts = streamStatements().filter((_, position) => !positions.includes(position));
      for (const seed of SEEDS) expect(codeOf(stmts, seed), positions.join(", ")).toBe("IP306");
    }
  });
});
