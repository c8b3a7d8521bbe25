/** The code of a worker thread. Its functions are sent as text and bundlers rename them: they refer to nothing outside themselves. */

/** Words of the control block, an Int32Array over shared memory. */
export const CONTROL = {
  /** `generation · 4 + kind`. Workers wait for it to change. */
  state: 0,
  /** Number of the next chunk to claim. */
  next: 1,
  extent: 2,
  threads: 3,
  module: 4,
  body: 5,
  closure: 6,
  /** Workers that may be touching the fields above. */
  active: 7,
  /** Not 0: a chunk failed and `text` holds why. */
  failed: 8,
  textBytes: 9,
  /** One word for each worker: the address of its workspace. */
  workspaces: 16,
  maxWorkers: 64,
  /** First word of the text of an error; it takes 1,024 bytes. */
  text: 80,
  words: 336,
} as const;

export const CLOSED = 0;
export const OPEN = 1;
/** A message waits: workers return to their event loop. */
export const MAIL = 2;

export interface ImportNames {
  readonly parallel: string;
  readonly assertFailed: string;
  readonly assertSection: string;
  readonly table: string;
}

export type WorkerRequest =
  | {
      readonly kind: "start";
      readonly index: number;
      readonly state: number;
      readonly control: Int32Array;
      readonly memory: WebAssembly.Memory;
      readonly layout: typeof CONTROL;
      readonly names: ImportNames;
      readonly patience: number;
    }
  | { readonly kind: "load"; readonly state: number; readonly id: number; readonly module: WebAssembly.Module }
  | { readonly kind: "unload"; readonly state: number; readonly id: number };

export type WorkerReply = { readonly kind: "done" } | { readonly kind: "error"; readonly message: string };

/** How a worker talks to the thread that made it. */
export interface WorkerPort {
  post(reply: WorkerReply): void;
  listen(receive: (request: WorkerRequest) => void): void;
}

/** Runs iterations `begin .. end` of a loop. */
export type Body = (begin: number, end: number, closure: number, workspace: number) => void;

/**
 * Claims chunks of an open loop and runs them until none is left. A round of chunks, one for each thread, takes half of what is left: the first
 * are long, the last single iterations (factoring: Hummel, Schonberg and Flynn, 1992). Which numbers a chunk has follows from its own number.
 */
export function runChunks(control: Int32Array, layout: typeof CONTROL, body: Body, workspace: number): void {
  const extent = Atomics.load(control, layout.extent);
  const threads = Atomics.load(control, layout.threads);
  const closure = Atomics.load(control, layout.closure);
  let [first, begin, size] = [0, 0, Math.ceil(extent / (2 * threads))];
  for (;;) {
    const chunk = Atomics.add(control, layout.next, 1);
    while (chunk >= first + threads && begin < extent) {
      first += threads;
      begin += threads * size;
      size = Math.ceil((extent - begin) / (2 * threads));
    }
    const from = begin + (chunk - first) * size;
    if (from >= extent) return;
    body(from, Math.min(from + size, extent), closure, workspace);
  }
}

/** Looks at a word until it is no longer `seen`, for some milliseconds at most; returns what it is then. */
export function watch(control: Int32Array, word: number, seen: number, patience: number): number {
  const pause = (Atomics as { readonly pause?: () => void }).pause ?? (() => {});
  const end = performance.now() + patience;
  for (;;) {
    for (let look = 0; look < 100; look++) {
      const found = Atomics.load(control, word);
      if (found !== seen) return found;
      pause();
    }
    if (performance.now() >= end) return seen;
  }
}

/** What the calling thread does as well. */
export type Pooling = { readonly runChunks: typeof runChunks; readonly watch: typeof watch };

/**
 * Answers messages, and between them waits for parallel loops: while `state` is open, claims chunks until none is left.
 * A worker that comes late finds the state closed and touches nothing.
 */
export function workerMain(port: WorkerPort, { runChunks, watch }: Pooling): void {
  let start: Extract<WorkerRequest, { readonly kind: "start" }> | undefined;
  const tables = new Map<number, WebAssembly.Table>();

  const load = (id: number, module: WebAssembly.Module): void => {
    if (start === undefined) return;
    const { memory, names } = start;
    const imports: Record<string, Record<string, WebAssembly.ImportValue>> = {};
    let instance: WebAssembly.Instance | undefined;
    const table = (): WebAssembly.Table => instance?.exports[names.table] as WebAssembly.Table;
    for (const entry of WebAssembly.Module.imports(module)) {
      imports[entry.module] ??= {};
      const space = imports[entry.module] as Record<string, WebAssembly.ImportValue>;
      if (entry.kind === "memory") space[entry.name] = memory;
      else if (entry.name === names.parallel) {
        space[entry.name] = (body: number, extent: number, closure: number, workspace: number) =>
          (table().get(body) as Body)(0, extent, closure, workspace);
      } else if (entry.name === names.assertFailed) {
        space[entry.name] = (message: number) => {
          const section = WebAssembly.Module.customSections(module, names.assertSection)[0];
          const messages = section === undefined ? [] : (JSON.parse(new TextDecoder().decode(section)) as string[]);
          throw new Error(messages[message] ?? "an assertion failed");
        };
      }
    }
    instance = new WebAssembly.Instance(module, imports);
    if (instance.exports[names.table] !== undefined) tables.set(id, table());
  };

  const work = (state: number): void => {
    if (start === undefined) return;
    const { control, layout, index } = start;
    Atomics.add(control, layout.active, 1);
    try {
      if (Atomics.load(control, layout.state) === state) {
        const body = tables.get(Atomics.load(control, layout.module))?.get(Atomics.load(control, layout.body)) as
          | Body
          | undefined;
        if (body !== undefined) runChunks(control, layout, body, Atomics.load(control, layout.workspaces + index));
      }
    } catch (error) {
      if (Atomics.compareExchange(control, layout.failed, 0, 1) === 0) {
        const text = new TextEncoder().encode(error instanceof Error ? error.message : String(error)).subarray(0, 1024);
        new Uint8Array(control.buffer, control.byteOffset + layout.text * 4, 1024).set(text);
        Atomics.store(control, layout.textBytes, text.length);
      }
      Atomics.store(control, layout.next, 1 << 30);
    }
    if (Atomics.sub(control, layout.active, 1) === 1) Atomics.notify(control, layout.active);
  };

  const wait = (from: number): void => {
    if (start === undefined) return;
    const { control, layout, patience } = start;
    for (let seen = from; ; ) {
      let state = watch(control, layout.state, seen, patience);
      while (state === seen) {
        Atomics.wait(control, layout.state, seen);
        state = Atomics.load(control, layout.state);
      }
      seen = state;
      if ((state & 3) === 2) return;
      if ((state & 3) === 1) work(state);
    }
  };

  port.listen((request) => {
    try {
      if (request.kind === "start") start = request;
      else if (request.kind === "load") load(request.id, request.module);
      else tables.delete(request.id);
      port.post({ kind: "done" });
    } catch (error) {
      port.post({ kind: "error", message: error instanceof Error ? error.message : String(error) });
    }
    wait(request.state);
  });
}

/** `workerMain` as text for an engine of its own. Compilers may name functions with `__name`; it does nothing there. */
export function workerSource(port: string): string {
  const pooling = `{ runChunks: ${runChunks.toString()}, watch: ${watch.toString()} }`;
  return `const __name = (f) => f; (${workerMain.toString()})(${port}, ${pooling});`;
}
