import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { TARGET_NAMES } from "tilewright";

export interface Options {
  /** A built-in target, a package or a path. */
  readonly target: string;
  readonly threads: number;
  readonly epochs: number;
  readonly seed: number;
  /** Where the trained network is kept; null: nowhere. */
  readonly save: string | null;
  /** Standard output is one JSON object, and everything for people goes to standard error. */
  readonly json: boolean;
  readonly help: boolean;
}

/** The command line cannot be understood: the process ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const USAGE = `Usage: pnpm mnist [options]

Trains two networks on the handwritten digits of MNIST, every kernel compiled here.

  --target <name>   ${TARGET_NAMES.join(", ")} (wasm), a package with a target, or ./file.js
  --threads <n>     threads that run parallel loops (as many as the machine has)
  --epochs <n>      passes over the training images, for each network (10)
  --seed <n>        of the initial weights (1)
  --save <file>     keep the trained network, an artifact that the runtime loads
  --json            print one object with the results, and all else on standard error
  --help            this text
`;

/** @throws UsageError for an unknown option or a value that does not fit. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parse(args);
  return {
    target: values.target ?? "wasm",
    threads: integer("threads", values.threads, availableParallelism(), 1, 256),
    epochs: integer("epochs", values.epochs, 10, 1, 1000),
    seed: integer("seed", values.seed, 1, 0, 2 ** 32 - 1),
    save: values.save ?? null,
    json: values.json ?? false,
    help: values.help ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        target: { type: "string" },
        threads: { type: "string" },
        epochs: { type: "string" },
        seed: { type: "string" },
        save: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function integer(name: string, text: string | undefined, otherwise: number, min: number, max: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${name} is a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
}
