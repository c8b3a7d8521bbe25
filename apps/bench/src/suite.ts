import type { FoundTarget } from "tilewright";
import type { Measurement } from "./measurement.js";

export interface SuiteOptions {
  readonly found: FoundTarget;
  readonly threads: number;
  readonly sizes: readonly number[];
  readonly repetitions: number;
}

/** Measures something. What it computes is compared with a reference before it is timed. */
export interface Suite {
  readonly name: string;
  /** One line for the list of suites. */
  readonly summary: string;
  readonly defaultSizes: readonly number[];
  run(options: SuiteOptions): Promise<readonly Measurement[]>;
}

/** A result that differs from its reference: nothing is timed then. */
export class WrongResult extends Error {
  override readonly name = "WrongResult";
}
