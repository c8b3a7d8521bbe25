import { CompileError, type Span } from "@tilewright/diagnostics";
import { type Place, stepLimit } from "./errors.js";
import type { Memory } from "./memory.js";
import type { QueueSystem } from "./queues.js";
import type { AccessWatcher, ForkContext } from "./races.js";
import type { Regions } from "./regions.js";
import type { ThreadGroup } from "./threads.js";
import type { Scalar, Value } from "./values.js";

/** What all frames of one run share. */
export interface Run {
  readonly seed: number;
  readonly maxSteps: number;
  readonly uninitialised: "poison" | "error";
  readonly detectRaces: boolean;
  steps: number;
  uninitialisedReads: number;
  /** State of the generator that chooses schedules. */
  state: number;
}

/** One concurrent context that a frame runs in, and as which of its agents. */
export interface Track {
  readonly watcher: AccessWatcher;
  readonly agent: number;
}

/** The state of one thread of control: values of variables and memories by slot, and the contexts it runs in. */
export interface Frame {
  readonly run: Run;
  readonly values: Value[];
  readonly memories: Memory[];
  /** Values of shared subexpressions, valid while their stamp is `epoch`. */
  readonly cache: Value[];
  readonly stamps: number[];
  epoch: number;
  /** Lanes for which loads are done, inside a choice by lanes; null: all. */
  mask: readonly Scalar[] | null;
  readonly tracks: readonly Track[];
  /** Forks that this frame is a branch of: what it allocates is private to that branch. */
  readonly forks: readonly ForkContext[];
  /** Null outside of the body of an Async. */
  readonly regions: Regions | null;
  readonly queues: QueueSystem | null;
  readonly group: ThreadGroup | null;
  /** Coordinates in the thread group by thread tag; null outside of thread loops. */
  readonly thread: ReadonlyMap<string, number> | null;
  /** How often this thread has reached each shared allocation. */
  readonly visits: Map<object, number>;
}

/** A copy that goes its own way: values are copied, memories are shared. */
export function fork(frame: Frame, changes: Partial<Frame> = {}): Frame {
  const fresh = { cache: [], stamps: [], epoch: 0, mask: null, visits: new Map<object, number>() };
  return { ...frame, values: [...frame.values], memories: [...frame.memories], ...fresh, ...changes };
}

/** The frame of another function called from here: no variables yet, same contexts. */
export function callFrame(frame: Frame): Frame {
  return fork({ ...frame, values: [], memories: [] });
}

/** Counts one iteration. @throws CompileError IP305 */
export function step(run: Run, span: Span): void {
  if (++run.steps > run.maxSteps) throw new CompileError(stepLimit(run.maxSteps, { span, notes: [] }));
}

/** The next pseudo-random integer in `0 .. bound` (mulberry32). */
export function randomBelow(run: Run, bound: number): number {
  run.state = (run.state + 0x6d2b79f5) | 0;
  let t = Math.imul(run.state ^ (run.state >>> 15), 1 | run.state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}

/** The numbers below `count` in the order that the seed gives: ascending for 0, descending for 1, else shuffled. */
export function orderOf(run: Run, count: number): number[] {
  const order = Array.from({ length: count }, (_, k) => (run.seed === 1 ? count - 1 - k : k));
  if (run.seed < 2) return order;
  for (let k = count - 1; k > 0; k--) {
    const other = randomBelow(run, k + 1);
    [order[k], order[other]] = [order[other] as number, order[k] as number];
  }
  return order;
}

/** A place without loops around it. */
export const placeAt = (span: Span): Place => ({ span, notes: [] });
