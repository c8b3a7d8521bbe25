import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { CompiledModule } from "@tilewright/backend";
import { compareMemory, type Memory } from "@tilewright/backend-test";
import { build as b, buffer, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { compile, emulate, expected, textOf } from "./run.js";

const THREADS = 48;

/** Each of three blocks turns its part of `x` around, by way of shared memory. */
function reverse(): PrimFunc {
  const [x, out] = [
    buffer("x", { dtype: "int32", shape: [3 * THREADS] }),
    buffer("out", { dtype: "int32", shape: [3 * THREADS] }),
  ];
  const tile = buffer("tile", { dtype: "int32", shape: [THREADS], scope: "shared" });
  const [block, thread] = [variable("block"), variable("thread")];
  const at = b.add(b.mul(block, int(THREADS)), thread);
  const { span } = x;
  const body = b.seq(
    b.store(tile, [thread], b.load(x, [at])),
    { kind: "Barrier", span, scope: "shared" },
    b.store(out, [at], b.load(tile, [b.sub(int(THREADS - 1), thread)])),
  );
  const threads: Stmt = { ...b.loop(thread, int(0), int(THREADS), body, "thread"), thread: "threadIdx.x" };
  const blocks: Stmt = { ...b.loop(block, int(0), int(3), b.allocate(tile, threads), "thread"), thread: "blockIdx.x" };
  return {
    kind: "PrimFunc",
    span,
    name: "reverse",
    role: "kernel",
    parameters: [x, out],
    mayAlias: [],
    body: blocks,
    attributes: {},
  };
}

const func = reverse();
const compiled = compile([func]);
const changed = (from: string, to: string): CompiledModule => {
  assert.ok(textOf(compiled).includes(from), `no ${from} in the text`);
  return { ...compiled, bytes: new TextEncoder().encode(textOf(compiled).replaceAll(from, to)) };
};
const differences = async (module: CompiledModule): Promise<string | null> =>
  compareMemory(expected(func), (await emulate(module, [func]))[0] as Memory);

describe("the emulation", () => {
  it("agrees with the interpreter where the barrier stands", async () => {
    assert.equal(await differences(compiled), null);
  });

  it("shows a missing barrier as a wrong result", async () => {
    assert.notEqual(await differences(changed("__syncthreads();", "")), null);
  });

  it("stops at a barrier that some threads do not reach", async () => {
    const divergent = changed("__syncthreads();", "if (threadIdx.x < 3) __syncthreads();");
    await assert.rejects(
      differences(divergent),
      /divergent barrier in reverse_kernel0: thread 0 .* thread \d+ has ended/,
    );
  });

  it("stops where threads wait at different barriers", async () => {
    const divergent = changed("__syncthreads();", "if (threadIdx.x < 3) __syncthreads();\n else\n __syncthreads();");
    await assert.rejects(differences(divergent), /divergent barrier .* at line \d+, thread \d+ at line \d+/);
  });
});
