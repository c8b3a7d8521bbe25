import { Worker } from "node:worker_threads";
import { build as b, int, type PrimFunc, type Stmt, variable } from "@tilewright/ir";
import { afterEach, describe, expect, it, vi } from "vitest";
import { artifactOf, compile, floats, func } from "../test/programs.js";
import { loadFunctions, wasmDevice, zeros } from "./index.js";
import type { PoolWorker } from "./thread-pool.js";
import { workerSource } from "./worker-main.js";

/** Turns now and then before a look at shared memory, as a busy machine holds a thread up. */
const HOLD = `(() => {
  let seed = Math.trunc(Math.random() * 2 ** 32), sink = 0;
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    if (seed >>> 24 < 40) for (let turn = (seed >>> 10) % 20000; turn > 0; turn--) sink += turn;
    return sink >= 0;
  };
})()`;
const PORT = "({ post: (reply) => port.postMessage(reply), listen: (receive) => port.on('message', receive) })";

/** A worker that is held up before each look at shared memory. */
function lateWorker(): PoolWorker {
  const source = workerSource(PORT).replace(/\bAtomics\./g, "(hold() && Atomics).");
  if (!source.includes("(hold() && Atomics).compareExchange")) throw new Error("workers look at memory another way");
  const text = `const port = require("node:worker_threads").parentPort; const hold = ${HOLD}; ${source}`;
  const worker = new Worker(text, { eval: true, execArgv: [] });
  worker.unref();
  return {
    post: (request) => worker.postMessage(request),
    listen: (reply, failed) => {
      worker.on("message", reply);
      worker.on("error", (error: Error) => failed(error.message));
    },
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    terminate: () => void worker.terminate(),
  };
}

const [FEW, MANY, TURNS] = [2, 12, 100];

/** `count(few, many)`: two loops by turns, one of few chunks and one of many, add 1 to the element of each iteration. */
function counters(): readonly PrimFunc[] {
  const loopOver = (name: string, extent: number) => {
    const [counts, inner] = [floats(name, extent), floats(name, extent)];
    const [begin, end, i] = [variable("begin"), variable("end"), variable("i")];
    const add = b.store(inner, [i], b.add(b.load(inner, [i]), b.const(1, "float32")));
    const body = func(`${name}_body`, [begin, end, inner], b.loop(i, begin, b.sub(end, begin), add), "parallel");
    const args = [b.region(counts, [int(0)], [int(extent)])];
    const call: Stmt = { kind: "ParallelCall", span: b.span, callee: body.name, extent: int(extent), args };
    return { counts, body, call };
  };
  const [few, many] = [loopOver("few", FEW), loopOver("many", MANY)];
  const turns = b.loop(variable("turn"), int(0), int(TURNS), b.seq(few.call, many.call));
  return [func("count", [few.counts, many.counts], turns), few.body, many.body];
}

describe("threads that are held up anywhere", () => {
  afterEach(() => void vi.unstubAllGlobals());

  it("run each iteration once, while modules come and go", { timeout: 60_000 }, async () => {
    const hold = new Function(`return ${HOLD}`)() as () => boolean;
    const plain = Atomics;
    vi.stubGlobal("Atomics", new Proxy(plain, { get: (_, name) => hold() && plain[name as "load"] }));
    const device = await wasmDevice.open({ threads: 3, workers: lateWorker });
    const artifact = artifactOf([compile(counters(), { threads: 3 })]);
    const functions = await loadFunctions(artifact, device);
    for (let round = 0; round < 8; round++) {
      const [few, many] = [zeros([FEW]), zeros([MANY])];
      const another = loadFunctions(artifact, device);
      await functions.call("count", few, many);
      await functions.call("count", few, many);
      expect([few, many].map((array) => array.toArray())).toEqual([
        Array(FEW).fill(2 * TURNS),
        Array(MANY).fill(2 * TURNS),
      ]);
      await (await another).dispose();
    }
    await device.close();
  });
});
