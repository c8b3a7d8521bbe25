import type { PoolWorker, SpawnWorker } from "./thread-pool.js";
import {
  runChunks, type WorkerPort, type WorkerReply, type WorkerRequest, watch, workerMain, workerSource,
} from "./worker-main.js"; // biome-ignore format: a list

/**
 * Workers of a page. Without an argument they start from a `blob:` URL; where a content security policy forbids it, pass
 * `() => new Worker(new URL("@tilewright/runtime/worker", import.meta.url), { type: "module" })`.
 */
export function webWorkers(create: () => Worker = createFromBlob): SpawnWorker {
  return (): PoolWorker => {
    const worker = create();
    return {
      post: (request) => worker.postMessage(request),
      listen: (reply, failed) => {
        worker.onmessage = (event: MessageEvent<WorkerReply>) => reply(event.data);
        worker.onerror = (event) => failed(event.message ?? "the worker's script did not load");
      },
      hold: () => undefined,
      terminate: () => worker.terminate(),
    };
  };
}

const PORT =
  "{ post: (reply) => postMessage(reply), listen: (receive) => { onmessage = (event) => receive(event.data); } }";

function createFromBlob(): Worker {
  const url = URL.createObjectURL(new Blob([workerSource(PORT)], { type: "text/javascript" }));
  const worker = new Worker(url);
  return worker;
}

/** Runs `workerMain` in this thread, which is a web worker. */
export function serveThisWorker(): void {
  const scope = globalThis as unknown as { postMessage(reply: WorkerReply): void; onmessage: unknown };
  const port: WorkerPort = {
    post: (reply) => scope.postMessage(reply),
    listen: (receive) => {
      scope.onmessage = (event: MessageEvent<WorkerRequest>) => receive(event.data);
    },
  };
  workerMain(port, { runChunks, watch });
}
