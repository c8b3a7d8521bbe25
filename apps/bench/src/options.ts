import { parseArgs } from "node:util";
import { isTargetName, TARGET_NAMES, type TargetName } from "tilewright";
import type { Suite } from "./suite.js";
import { compileSuite } from "./suites/compile.js";
import { elementwiseSuite } from "./suites/elementwise.js";
import { gemmSuite } from "./suites/gemm.js";
import { mlpSuite } from "./suites/mlp.js";
import { rewriteSuite } from "./suites/rewrite.js";

export const SUITES: readonly Suite[] = [gemmSuite, mlpSuite, elementwiseSuite, compileSuite, rewriteSuite];

export interface Options {
  /** In the order given; all without any. */
  readonly suites: readonly Suite[];
  /** Null: each suite's own. */
  readonly sizes: readonly number[] | null;
  readonly target: TargetName;
  readonly threads: number;
  readonly repetitions: number;
  readonly json: boolean;
  readonly help: boolean;
}

/** The command line cannot be understood: the process ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const MIN_REPETITIONS = 7;

export const USAGE = `Usage: pnpm bench [suite…] [options]

${SUITES.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join("\n")}

  --sizes <n,…>     in place of each suite's own
  --target <name>   ${TARGET_NAMES.join(", ")} (wasm)
  --threads <n>     threads that run parallel loops (1)
  --repetitions <n> timed runs, of which the median is given (${MIN_REPETITIONS} at least, 15 unless told)
  --json            an array of {suite, workload, contender, threads, medianMs, …} and nothing else
  --help            this text
`;

/** @throws UsageError for an unknown suite or option, or a value that does not fit */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parse(args);
  const { target = "wasm" } = values;
  if (!isTargetName(target))
    throw new UsageError(`--target is ${TARGET_NAMES.join(", ")}, not ${JSON.stringify(target)}`);
  const suites = positionals.map((name) => {
    const suite = SUITES.find((each) => each.name === name);
    if (suite === undefined) throw new UsageError(`there is no suite ${JSON.stringify(name)}`);
    return suite;
  });
  return {
    suites: suites.length === 0 ? SUITES : suites,
    sizes: values.sizes?.split(",").map((size) => integer("sizes", size, 1, 1_000_000)) ?? null,
    target,
    threads: integer("threads", values.threads ?? "1", 1, 64),
    repetitions: integer("repetitions", values.repetitions ?? "15", MIN_REPETITIONS, 10_000),
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
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
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name}: a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
