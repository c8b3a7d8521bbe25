import { TARGET_NAMES } from "tilewright";
import { parseCommandLine, UsageError, wholeNumber } from "./command-line.js";
import type { Peer } from "./contender.js";
import { PEERS, peersOf } from "./peers/peers.js";
import type { Size, Suite } from "./suite.js";
import { compileSuite } from "./suites/compile.js";
import { convSuite } from "./suites/conv.js";
import { elementwiseSuite } from "./suites/elementwise.js";
import { epochSuite } from "./suites/epoch.js";
import { gemmSuite } from "./suites/gemm.js";
import { mlpSuite } from "./suites/mlp.js";
import { rewriteSuite } from "./suites/rewrite.js";
import { scheduleSuite } from "./suites/schedule.js";

export const SUITES: readonly Suite[] = [
  gemmSuite,
  convSuite,
  mlpSuite,
  epochSuite,
  elementwiseSuite,
  compileSuite,
  rewriteSuite,
  scheduleSuite,
];

export interface Options {
  /** In the order given; all without any. */
  readonly suites: readonly Suite[];
  /** Null: each suite's own. */
  readonly sizes: readonly Size[] | null;
  /** A built-in target, a package or a path. */
  readonly target: string;
  /** Numbers of threads that are measured by turns. */
  readonly threads: readonly [number, ...number[]];
  readonly repetitions: number;
  /** Measured beside ours. */
  readonly peers: readonly Peer[];
  readonly json: boolean;
  /** A file for a page of bars; null for none. */
  readonly html: string | null;
  /** A document whose tables are written anew; null for none. */
  readonly markdown: string | null;
  readonly help: boolean;
}

/** Timed runs, at least. */
export const MIN_REPETITIONS = 7;

export const USAGE = `Usage: pnpm bench [suite…] [options]

${SUITES.map(({ name, summary }) => `  ${name.padEnd(18)}${summary}`).join("\n")}

  --sizes <n,…>     in place of each suite's own; of gemm also products, m x n x k: 31x1021x67
  --target <name>   ${TARGET_NAMES.join(", ")} (wasm), a package with a target, or ./file.js
  --threads <n,…>   threads that run parallel loops (1); several are measured by turns
  --repetitions <n> timed runs, of which the median is given (${MIN_REPETITIONS} at least, 15 unless told)
  --peers <name,…>  ${PEERS.map(({ name }) => name).join(", ")}; or none. Unless told: those of the target's kind
  --html <file>     a page with a bar for each line
  --markdown <file> writes its tables anew, each between <!-- bench suite target --> and <!-- end -->
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
      peers: { type: "string" },
      html: { type: "string" },
      markdown: { type: "string" },
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const suites = positionals.flatMap((name) => {
    if (name === "all") return SUITES;
    const suite = SUITES.find((each) => each.name === name);
    if (suite === undefined) throw new UsageError(`there is no suite ${JSON.stringify(name)}`);
    return suite;
  });
  const target = values.target ?? "wasm";
  return {
    suites: suites.length === 0 ? SUITES : suites,
    sizes: sizesOf(values.sizes, suites.length === 0 ? SUITES : suites),
    target,
    peers: values.peers === undefined ? peersOf(target) : namedPeers(values.peers),
    threads: listOf((values.threads ?? "1").split(",").map((count) => wholeNumber("threads", count, 1, 64))),
    repetitions: wholeNumber("repetitions", values.repetitions ?? "15", MIN_REPETITIONS, 10_000),
    json: values.json ?? false,
    html: values.html ?? null,
    markdown: values.markdown ?? null,
    help: values.help ?? false,
  };
}

const listOf = (values: readonly number[]): Size => [values[0] ?? 1, ...values.slice(1)];

function sizesOf(text: string | undefined, suites: readonly Suite[]): readonly Size[] | null {
  if (text === undefined) return null;
  const squares = suites.find(({ hasProducts }) => hasProducts !== true);
  return text.split(",").map((size) => {
    const extents = listOf(size.split("x").map((extent) => wholeNumber("sizes", extent, 1, 1_000_000)));
    if (extents.length !== 1 && squares !== undefined)
      throw new UsageError(`--sizes: ${squares.name} takes single numbers, not ${JSON.stringify(size)}`);
    if (extents.length !== 1 && extents.length !== 3)
      throw new UsageError(`--sizes: one number or three, not ${JSON.stringify(size)}`);
    return extents;
  });
}

function namedPeers(names: string): readonly Peer[] {
  if (names === "none") return [];
  return names.split(",").map((name) => {
    const peer = PEERS.find((each) => each.name === name);
    if (peer === undefined) throw new UsageError(`there is no peer ${JSON.stringify(name)}`);
    return peer;
  });
}
