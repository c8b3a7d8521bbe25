import type { Problem } from "./problems/problem.js";

/** A problem that somebody is ready to solve again and again. */
export interface Prepared {
  /** Solves it that many times; milliseconds for all. */
  run(times: number): Promise<number>;
  /** What the last run computed. */
  result(): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Somebody who solves problems: ours, or a library that users would take instead. */
export interface Contender {
  readonly name: string;
  readonly threads: number;
  /** Null for a problem that it cannot solve. */
  prepare(problem: Problem): Promise<Prepared | null>;
  close(): Promise<void>;
}

/** A library that is loaded where it is there. */
export interface Peer {
  readonly name: string;
  /** @throws PeerMissing where it cannot run here */
  open(threads: number): Promise<Contender>;
}

/** A peer that cannot run here, and why. It is left out, aloud. */
export class PeerMissing extends Error {
  override readonly name = "PeerMissing";
}

/** Milliseconds that `times` calls take, one after the other. */
export async function timeCalls(call: () => Promise<unknown> | unknown, times: number): Promise<number> {
  const started = performance.now();
  for (let k = 0; k < times; k++) {
    const pending = call();
    if (pending instanceof Promise) await pending;
  }
  return performance.now() - started;
}
