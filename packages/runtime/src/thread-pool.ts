/**
 * Workers that share a memory and run the chunks of parallel loops with the calling thread. A loop costs no message: its fields are
 * written to the control block, the state opens, workers and caller claim chunks by adding to a counter, the state closes, and the
 * caller waits until no worker is active. Which thread runs a chunk has no influence on results.
 */
import { ASSERT_IMPORT, ASSERT_SECTION, PARALLEL_IMPORT, TABLE_EXPORT } from "@tilewright/artifact";
import { disposed, runFailed, workerFailed } from "./errors.js";
import {
  type Body, CLOSED, CONTROL, type ImportNames, MAIL, OPEN, runChunks, type WorkerReply, type WorkerRequest, watch,
} from "./worker-main.js"; // biome-ignore format: a list

/** A thread that runs `workerMain`. */
export interface PoolWorker {
  post(request: WorkerRequest): void;
  /** Replies come one for each request; `failed` when the worker cannot start or dies. */
  listen(reply: (reply: WorkerReply) => void, failed: (reason: string) => void): void;
  /** Whether the worker keeps the process alive; pages ignore it. */
  hold(alive: boolean): void;
  terminate(): void;
}

/** Starts one worker. */
export type SpawnWorker = () => PoolWorker;

export const IMPORT_NAMES: ImportNames = {
  parallel: PARALLEL_IMPORT,
  assertFailed: ASSERT_IMPORT,
  assertSection: ASSERT_SECTION,
  table: TABLE_EXPORT,
};

/** A request that workers have not all answered. */
interface Pending {
  /** The answer of one worker: null, or why it failed. */
  readonly answer: (worker: number, failure: string | null) => void;
  readonly close: () => void;
}

/**
 * Milliseconds that a thread looks at a word before it parks: longer than what lies between the loops of a run, and between runs that follow each
 * other. Waking a thread that has parked takes some 50 to 100 µs, of its caller too.
 */
const PATIENCE = 0.5;

export class ThreadPool {
  readonly #workers: readonly PoolWorker[];
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL.words * 4));
  readonly #mayWait = mayWait();
  #mail: Promise<void> = Promise.resolve();
  #busy = false;
  /** Why a worker died. */
  #dead: string | null = null;
  #closed = false;
  #pending: Pending | null = null;

  private constructor(workers: readonly PoolWorker[]) {
    this.#workers = workers;
    for (const [index, worker] of workers.entries()) {
      worker.listen(
        (reply) => this.#pending?.answer(index, reply.kind === "done" ? null : reply.message),
        (reason) => {
          this.#dead ??= reason;
          this.#pending?.answer(index, reason);
        },
      );
    }
  }

  /** A pool of `threads`, the caller among them. @throws CompileError `RT115` */
  static async start(threads: number, memory: WebAssembly.Memory, spawn: SpawnWorker): Promise<ThreadPool> {
    const pool = new ThreadPool(Array.from({ length: threads - 1 }, spawn));
    try {
      await pool.#send((state, index) => ({
        kind: "start",
        index,
        state,
        control: pool.#control,
        memory,
        layout: CONTROL,
        names: IMPORT_NAMES,
        patience: PATIENCE,
      }));
    } catch (error) {
      pool.close();
      throw error;
    }
    return pool;
  }

  /** Threads besides the caller. */
  get workerCount(): number {
    return this.#workers.length;
  }

  /** Every worker instantiates the module. */
  load(id: number, module: WebAssembly.Module): Promise<void> {
    return this.#send((state) => ({ kind: "load", state, id, module }));
  }

  unload(id: number): Promise<void> {
    return this.#send((state) => ({ kind: "unload", state, id }));
  }

  /** Where a worker finds its workspace. */
  setWorkspace(worker: number, address: number): void {
    Atomics.store(this.#control, CONTROL.workspaces + worker, address);
  }

  /** Runs `body` over `0 .. extent`. A loop inside a loop, and one while workers owe an answer, runs on its own thread. @throws CompileError `RT110` a chunk failed elsewhere */
  run(module: number, slot: number, body: Body, extent: number, closure: number, workspace: number): void {
    if (this.#busy || this.#pending !== null || extent <= 1) {
      body(0, extent, closure, workspace);
      return;
    }
    const control = this.#control;
    Atomics.store(control, CONTROL.next, 0);
    Atomics.store(control, CONTROL.extent, extent);
    Atomics.store(control, CONTROL.threads, this.#workers.length + 1);
    Atomics.store(control, CONTROL.module, module);
    Atomics.store(control, CONTROL.body, slot);
    Atomics.store(control, CONTROL.closure, closure);
    Atomics.store(control, CONTROL.failed, 0);
    this.#busy = true;
    this.#advance(OPEN);
    try {
      runChunks(control, CONTROL, body, workspace);
    } finally {
      Atomics.store(control, CONTROL.next, 1 << 30);
      this.#advance(CLOSED);
      this.#join();
      this.#busy = false;
    }
    if (Atomics.load(control, CONTROL.failed) !== 0) throw runFailed("a parallel loop", this.#failure());
  }

  /** Ends the workers; requests they have not answered are rejected with `RT104`. */
  close(): void {
    this.#closed = true;
    this.#pending?.close();
    for (const worker of this.#workers) worker.terminate();
  }

  #advance(kind: number): number {
    const state = (((Atomics.load(this.#control, CONTROL.state) >> 2) + 1) << 2) | kind;
    Atomics.store(this.#control, CONTROL.state, state);
    if (kind !== CLOSED) Atomics.notify(this.#control, CONTROL.state);
    return state;
  }

  /** Waits until no worker is in the loop that was closed. */
  #join(): void {
    const control = this.#control;
    for (let active = Atomics.load(control, CONTROL.active); active !== 0; ) {
      const seen = active;
      active = watch(control, CONTROL.active, seen, PATIENCE);
      if (active === seen && this.#mayWait) {
        Atomics.wait(control, CONTROL.active, seen);
        active = Atomics.load(control, CONTROL.active);
      }
    }
  }

  #failure(): string {
    const bytes = Math.max(0, Atomics.load(this.#control, CONTROL.textBytes));
    const shared = new Uint8Array(this.#control.buffer, CONTROL.text * 4, bytes);
    return new TextDecoder().decode(shared.slice());
  }

  /** One request to every worker, after those before it. Meanwhile loops run on the caller alone. */
  #send(request: (state: number, index: number) => WorkerRequest): Promise<void> {
    const sent = this.#mail.then(() => this.#deliver(request));
    this.#mail = sent.catch(() => undefined);
    return sent;
  }

  async #deliver(request: (state: number, index: number) => WorkerRequest): Promise<void> {
    if (this.#closed) throw disposed("the device");
    if (this.#dead !== null) throw workerFailed(this.#dead);
    for (const worker of this.#workers) worker.hold(true);
    const answered = this.#answers();
    const state = this.#advance(MAIL);
    for (const [index, worker] of this.#workers.entries()) worker.post(request(state, index));
    try {
      await answered;
    } finally {
      this.#pending = null;
      this.#advance(CLOSED);
      for (const worker of this.#workers) worker.hold(false);
    }
  }

  /** Settles when every worker answered or died, or the pool was closed. */
  #answers(): Promise<void> {
    return new Promise((resolve, reject) => {
      const missing = new Set(this.#workers.keys());
      let failure: string | null = null;
      this.#pending = {
        answer: (worker, reason) => {
          if (!missing.delete(worker)) return; // a worker that dies may say so twice
          failure ??= reason;
          if (missing.size > 0) return;
          if (failure === null) resolve();
          else reject(workerFailed(failure));
        },
        close: () => reject(disposed("the device")),
      };
    });
  }
}

/** A page's main thread may not block. */
function mayWait(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
