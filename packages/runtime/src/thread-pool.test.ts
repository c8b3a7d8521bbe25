import { describe, expect, it } from "vitest";
import { nodeWorkers } from "./node.js";
import { type PoolWorker, ThreadPool } from "./thread-pool.js";
import type { WorkerReply, WorkerRequest } from "./worker-main.js";

const memory = () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const module = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Workers that answer `start`; the test answers what comes after. */
function fakes() {
  const workers: { reply: (reply: WorkerReply) => void; failed: (reason: string) => void }[] = [];
  const spawn = (): PoolWorker => {
    const mine = { reply: (_: WorkerReply) => {}, failed: (_: string) => {} };
    workers.push(mine);
    return {
      post: ({ kind }: WorkerRequest) => (kind === "start" ? mine.reply({ kind: "done" }) : undefined),
      listen: (reply, failed) => Object.assign(mine, { reply, failed }),
      hold: () => undefined,
      terminate: () => undefined,
    };
  };
  return { workers, spawn };
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  const done = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([done, new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 20))]);
}

describe("a pool of threads", () => {
  it("rejects requests without an answer when it closes, and those after", async () => {
    const pool = await ThreadPool.start(3, memory(), fakes().spawn);
    const [first, queued] = [pool.load(0, module), pool.load(1, module)];
    const outcomes = [first, queued].map((request) => expect(request).rejects.toThrow(code("RT104")));
    expect(await settled(first)).toBe(false);
    pool.close();
    await Promise.all(outcomes);
    await expect(pool.unload(0)).rejects.toThrow(code("RT104"));
  });

  it("counts a worker that fails twice once, and waits for the others", async () => {
    const { workers, spawn } = fakes();
    const pool = await ThreadPool.start(3, memory(), spawn);
    const request = pool.load(0, module);
    const outcome = expect(request).rejects.toThrow(/RT115[\s\S]*the first reason/);
    await settled(request);
    workers[0]?.failed("the first reason");
    workers[0]?.failed("the second reason");
    expect(await settled(request)).toBe(false);
    workers[1]?.reply({ kind: "done" });
    await outcome;
  });

  it("notices a thread of Node that ends without an error", async () => {
    const spawn = (): PoolWorker => {
      const worker = nodeWorkers()();
      const post = (request: WorkerRequest) => (request.kind === "load" ? worker.terminate() : worker.post(request));
      return { ...worker, post };
    };
    const pool = await ThreadPool.start(2, memory(), spawn);
    await expect(pool.load(0, module)).rejects.toThrow(/RT115[\s\S]*ended with code/);
    pool.close();
  });

  it("answers a request, whatever loops run meanwhile", async () => {
    const pool = await ThreadPool.start(3, memory(), nodeWorkers());
    const ranges: number[] = [];
    for (let round = 0; round < 20; round++) {
      const request = pool.load(round, module);
      for (let turn = 0; turn < 5; turn++) {
        pool.run(round, 0, (begin, end) => void ranges.push(end - begin), 100, 0, 0);
        await Promise.resolve();
      }
      await request;
    }
    pool.close();
    expect(ranges.reduce((sum, count) => sum + count, 0)).toBe(20 * 5 * 100);
  });
});
