import { CompileError } from "@tilewright/diagnostics";
import { type Barrier, type For, THREAD_TAGS } from "@tilewright/ir";
import { divergentBarrier } from "./errors.js";
import type { Memory } from "./memory.js";
import { ForkContext } from "./races.js";

/** Why a thread stopped: it did one statement (`null`), or it waits at a barrier. */
export type Pause = Barrier | null;
export type Steps = Generator<Pause, void, undefined>;

/** The threads of one block, with the memory they share. */
export class ThreadGroup {
  readonly context: ForkContext;
  /** Forks outside of the group, to which what the group shares is private. */
  readonly forks: readonly ForkContext[];
  readonly #agents = new Map<string, number>();
  readonly #shared = new Map<object, Memory[]>();

  constructor(forks: readonly ForkContext[]) {
    this.forks = forks;
    this.context = new ForkContext("threadIdx", (agent) => [...this.#agents.keys()][agent] ?? "");
  }

  /** The number of the thread with these coordinates: the same in every loop over the group. */
  agentAt(thread: ReadonlyMap<string, number>): number {
    const key = THREAD_TAGS.filter((tag) => thread.has(tag)).map((tag) => `${tag} ${thread.get(tag)}`);
    const name = `thread ${key.join(", ")}`;
    const known = this.#agents.get(name);
    if (known !== undefined) return known;
    this.#agents.set(name, this.#agents.size);
    return this.#agents.size - 1;
  }

  /** The memory that the threads share at their `visit`-th arrival at an allocation; the first thread there makes it. */
  sharedAt(allocation: object, visit: number, make: () => Memory): Memory {
    const made = this.#shared.get(allocation) ?? [];
    this.#shared.set(allocation, made);
    const memory = made[visit] ?? make();
    made[visit] = memory;
    return memory;
  }
}

interface Child {
  readonly steps: Steps;
  at: Barrier | "running" | "done";
}

/**
 * Runs threads together: each goes on until it waits at a barrier; when all wait at the same one, the group pauses there. With `leaves`
 * each does one statement in turn, and the group pauses after each round. @throws CompileError IP307 when threads diverge.
 */
export function* lockStep(threads: readonly Steps[], loop: For, leaves: boolean): Steps {
  const children: Child[] = threads.map((steps) => ({ steps, at: "running" }));
  for (;;) {
    const running = children.filter((child) => child.at === "running");
    for (const child of running) {
      const { done, value } = child.steps.next();
      child.at = done === true ? "done" : (value ?? "running");
    }
    if (children.some((child) => child.at === "running")) {
      if (leaves) yield null;
      continue;
    }
    const barrier = meetingPoint(children, loop);
    if (barrier === null) return;
    yield barrier;
    for (const child of children) child.at = "running";
  }
}

/** The barrier where all wait; null when all are done. */
function meetingPoint(children: readonly Child[], loop: For): Barrier | null {
  const waiting = children.filter((child) => child.at !== "done");
  const first = waiting[0]?.at;
  if (first === undefined) return null;
  const agree = waiting.length === children.length && waiting.every((child) => child.at === first);
  if (agree) return first as Barrier;
  const ended = children.length - waiting.length;
  const actual = ended > 0 ? `${waiting.length} wait, ${ended} have ended` : "they wait at different barriers";
  throw new CompileError(divergentBarrier(loop.loopVar.name, actual, loop.span));
}
