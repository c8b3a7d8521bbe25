import type { FoundTarget } from "tilewright";
import type { Contender } from "./contender.js";
import type { FreshProgram } from "./fresh-process.js";
import type { Measurement } from "./measurement.js";

/** Our target, opened for so many threads. */
export interface ThreadedTarget {
  readonly found: FoundTarget;
  readonly threads: number;
}

/** One number, or the extents of a product: `m × n × k`. */
export type Size = readonly [number, ...number[]];

export interface SuiteOptions {
  /** One for each number of threads; what is not about threads takes the first. */
  readonly targets: readonly [ThreadedTarget, ...ThreadedTarget[]];
  /** Null: what the suite is about. */
  readonly sizes: readonly Size[] | null;
  readonly repetitions: number;
  /** Whoever is measured beside ours, where a suite has something to measure on them. */
  readonly peers: readonly Contender[];
  /** What runs in processes of its own. */
  readonly fresh: FreshProgram;
}

/** Measures something. What it computes is compared with a reference before it is timed. */
export interface Suite {
  readonly name: string;
  /** One line for the list of suites. */
  readonly summary: string;
  /** True where peers solve the same problems. */
  readonly hasPeers: boolean;
  /** True where a size may be a product, `31x1021x67`. */
  readonly hasProducts?: boolean;
  run(options: SuiteOptions): Promise<readonly Measurement[]>;
}

/** A result that differs from its reference: nothing is timed then. */
export class WrongResult extends Error {
  override readonly name = "WrongResult";
}
