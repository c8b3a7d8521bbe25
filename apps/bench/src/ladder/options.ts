import { availableParallelism } from "node:os";
import { TARGET_NAMES } from "tilewright";
import { parseCommandLine, wholeNumber } from "../command-line.js";
import { MIN_REPETITIONS } from "../options.js";

export interface LadderOptions {
  /** A built-in target, a package or a path. */
  readonly target: string;
  /** Rows, columns and depth. */
  readonly size: number;
  readonly threads: number;
  /** Of every step but the first, which is slow. */
  readonly repetitions: number;
  readonly nest: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

/** Timed runs of the first step. */
export const BASELINE_REPETITIONS = 3;

export const LADDER_USAGE = `Usage: pnpm ladder [options]

Measures the matrix product of examples/gemm-ladder.ts after each step of its schedule.

  --target <name>   ${TARGET_NAMES.join(", ")} (wasm), a package with a target, or ./file.js
  --size <n>        rows, columns and depth (1024)
  --threads <n>     threads that run parallel loops (all cores)
  --repetitions <n> timed runs, of which the median is given (${MIN_REPETITIONS} at least, 15 unless told; ${BASELINE_REPETITIONS} of the first step)
  --nest            the loops of each step too
  --json            an array of {step, medianMs, gflops, lowerMs} and nothing else
  --help            this text
`;

/** @throws UsageError for an unknown option, or a value that does not fit */
export function parseLadderOptions(args: readonly string[]): LadderOptions {
  const { values } = parseCommandLine({
    args: [...args],
    options: {
      target: { type: "string" },
      size: { type: "string" },
      threads: { type: "string" },
      repetitions: { type: "string" },
      nest: { type: "boolean" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  return {
    target: values.target ?? "wasm",
    size: wholeNumber("size", values.size ?? "1024", 1, 8192),
    threads: wholeNumber("threads", values.threads ?? `${Math.min(64, availableParallelism())}`, 1, 64),
    repetitions: wholeNumber("repetitions", values.repetitions ?? "15", MIN_REPETITIONS, 10_000),
    nest: values.nest ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}
