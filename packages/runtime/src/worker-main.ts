/** The code of a worker thread. It is sent as text, so `workerMain` refers to nothing outside itself. */

/** Words of the control block, an Int32Array over shared memory. */
export const CONTROL = {
  /** `generation · 4 + kind`. Workers wait for it to change. */
  state: 0,
  /** Number of the next chunk to claim. */
  next: 1,
  extent: 2,
  chunk: 3,
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
      readonly spins: number;
    }
  | { readonly kind: "load"; readonly state: number; readonly id: number; readonly module: WebAssembly.Module }
  | { readonly kind: "unload"; readonly state: number; readonly id: number };

export type WorkerReply = { readonly kind: "done" } | { readonly kind: "error"; readonly message: string };

/** How a worker talks to the thread that made it. */
export interface WorkerPort {
  post(reply: WorkerReply): void;
  listen(receive: (request: WorkerRequest) => void): void;
}

/**
 * Answers messages, and between them waits for parallel loops: while `state` is open, claims chunks until none is left.
 * A worker that comes late finds the state closed and touches nothing.
 */
export function workerMain(port: WorkerPort): void {
  type Body = (begin: number, end: number, closure: number, workspace: number) => void;
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
        const extent = Atomics.load(control, layout.extent);
        const chunk = Atomics.load(control, layout.chunk);
        const closure = Atomics.load(control, layout.closure);
        const workspace = Atomics.load(control, layout.workspaces + index);
        while (body !== undefined) {
          const begin = Atomics.add(control, layout.next, 1) * chunk;
          if (begin >= extent) break;
          body(begin, Math.min(begin + chunk, extent), closure, workspace);
        }
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
    const { control, layout, spins } = start;
    for (let seen = from; ; ) {
      let state = seen;
      for (let spin = 0; spin < spins && state === seen; spin++) state = Atomics.load(control, layout.state);
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
  return `const __name = (f) => f; (${workerMain.toString()})(${port});`;
}
