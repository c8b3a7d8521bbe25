/** The WebAssembly device with the worker threads of Node. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { DEVICE_SPEC_VERSION, type DeviceDriver, defineDevice } from "@tilewright/artifact";
import type { PoolWorker, SpawnWorker } from "./thread-pool.js";
import { openWasmDevice, type WasmDeviceOptions } from "./wasm-device.js";
import { workerSource } from "./worker-main.js";

export { wasmDevice } from "./wasm-device.js";

const PORT =
  "((port) => ({ post: (reply) => port.postMessage(reply), listen: (receive) => port.on('message', receive) }))(require('node:worker_threads').parentPort)";

/** Starts worker threads. They do not keep the process alive while they wait. */
export function nodeWorkers(): SpawnWorker {
  return (): PoolWorker => {
    const worker = new Worker(workerSource(PORT), { eval: true, execArgv: [], name: "tilewright" });
    worker.unref();
    return {
      post: (request) => worker.postMessage(request),
      listen: (reply, failed) => {
        worker.on("message", reply);
        worker.on("error", (error: Error) => failed(error.message));
        worker.on("exit", (code) => failed(`the worker ended with code ${code}`));
      },
      hold: (alive) => (alive ? worker.ref() : worker.unref()),
      terminate: () => void worker.terminate(),
    };
  };
}

/** As `wasmDevice`, on the threads of Node. `threads: 0` takes as many as the machine has. */
export const nodeWasmDevice: DeviceDriver<WasmDeviceOptions> = /* @__PURE__ */ defineDevice<WasmDeviceOptions>({
  specVersion: DEVICE_SPEC_VERSION,
  name: "wasm",
  accepts: ["wasm"],
  open: ({ threads = 1, ...options } = {}) =>
    openWasmDevice({ workers: nodeWorkers(), ...options, threads: threads === 0 ? availableParallelism() : threads }),
});
