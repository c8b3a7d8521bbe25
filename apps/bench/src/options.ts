import { TARGET_NAMES } from "tilewright";
import { parseCommandLine, UsageError, wholeNumber } from "./command-line.js";
import type { Suite } from "./suite.js";
import { compileSuite } from "./suites/compile.js";
import { elementwiseSuite } from "./suites/elementwise.js";
import { gemmSuite } from "./suites/gemm.js";
import { mlpSuite } from "./suites/mlp.js";
import { rewriteSuite } from "./suites/rewrite.js";
import { scheduleSuite } from "./suites/schedule.js";

export const SUITES: readonly Suite[] = [
  gemmSuite,
  mlpSuite,
  elementwiseSuite,
  compileSuite,
  rewriteSuite,
  scheduleSuite,
];

export interface Options {
  /** In the order given; all without any. */
  readonly suites: readonly Suite[];
  /** Null: each suite's own. */
  readonly sizes: readonly number[] | null;
  /** A built-in target, a package or a path. */
  readonly target: string;
  readonly threads: number;
  readonly repetitions: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** Timed runs, at least. */
export const MIN_REPETITIONS = 7;

export const USAGE = `Usage: pnpm bench [suite…] [options]

${SUITES.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join("\n")}

  --sizes <n,…>     in place of each suite's own
  --target <name>   ${TARGET_NAMES.join(", ")} (wasm), a package with a target, or ./file.js
  --threads <n>     threads that run parallel loops (1)
  --repetitions <n> timed runs, of which the median is given (${MIN_REPETITIONS} at least, 15 unless told)
  --json            an array of {suite, workload, contender, threads, medianMs, …} and nothing else
  --help            this text
`;

/** @throws UsageError for an unknown suite or option, or a value that does not fit */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    allowPositionals: true,
    options: {
      sizes: { type: "string" },
      target: { type: "string" },
      threads: { type: "string" },
      repetitions: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const suites = positionals.map((name) => {
    const suite = SUITES.find((each) => each.name === name);
    if (suite === undefined) throw new UsageError(`there is no suite ${JSON.stringify(name)}`);
    return suite;
  });
  return {
    suites: suites.length === 0 ? SUITES : suites,
    sizes: values.sizes?.split(",").map((size) => wholeNumber("sizes", size, 1, 1_000_000)) ?? null,
    target: values.target ?? "wasm",
    threads: wholeNumber("threads", values.threads ?? "1", 1, 64),
    repetitions: wholeNumber("repetitions", values.repetitions ?? "15", MIN_REPETITIONS, 10_000),
    json: values.json ?? false,
    help: values.help ?? false,
  };
}
