import type { FoundTarget } from "tilewright";
import type { Contender } from "./contender.js";
import type { Measurement } from "./measurement.js";

export interface SuiteOptions {
  readonly found: FoundTarget;
  readonly threads: number;
  /** Null: what the suite is about. */
  readonly sizes: readonly number[] | null;
  readonly repetitions: number;
  /** Whoever is measured beside ours, where a suite has something to measure on them. */
  readonly peers: readonly Contender[];
}

/** Measures something. What it computes is compared with a reference before it is timed. */
export interface Suite {
  readonly name: string;
  /** One line for the list of suites. */
  readonly summary: string;
  /** True where peers solve the same problems. */
  readonly hasPeers: boolean;
  run(options: SuiteOptions): Promise<readonly Measurement[]>;
}

/** A result that differs from its reference: nothing is timed then. */
export class WrongResult extends Error {
  override readonly name = "WrongResult";
}
