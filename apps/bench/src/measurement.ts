/** One line of results. Figures that a suite does not have are absent. */
export interface Measurement {
  readonly suite: string;
  readonly workload: string;
  readonly contender: string;
  readonly threads: number;
  /** Median over the repetitions, after a warm-up. */
  readonly medianMs: number;
  readonly gflops?: number;
  /** Bytes read and written once, a second. */
  readonly gigabytesPerSecond?: number;
  readonly nodesPerSecond?: number;
  /** Of the rate to that of a loop that does nothing else, compiled for the same target: multiply-adds in registers, or a copy. */
  readonly ratioToPeak?: number;
  /** Of a peer: how many times as long as ours, on as many threads, it takes. */
  readonly timesOurs?: number;
  /** Of more threads than the first: how many times as fast as with the first. */
  readonly speedUp?: number;
}

export interface TimingOptions {
  /** At least this many runs are timed. */
  readonly repetitions: number;
  /** Runs before the first that is timed. */
  readonly warmUps?: number;
}

/** Milliseconds that a run takes: the median. */
export async function medianMilliseconds(
  run: () => Promise<void> | void,
  { repetitions, warmUps = 3 }: TimingOptions,
  now: () => number = () => performance.now(),
): Promise<number> {
  for (let k = 0; k < warmUps; k++) await run();
  const times: number[] = [];
  for (let k = 0; k < repetitions; k++) {
    const started = now();
    await run();
    times.push(now() - started);
  }
  return median(times);
}

/** The middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[half - 1] ?? Number.NaN)) / 2;
}

/** A table for people: the columns that any line has, in the order in which lines name them. */
export function table<L extends object>(lines: readonly L[]): string {
  const records = lines.map((line) => line as Readonly<Record<string, string | number | undefined>>);
  const columns = [...new Set(records.flatMap((line) => Object.keys(line)))];
  const used = columns.filter((column) => records.some((line) => line[column] !== undefined));
  const cell = (value: string | number | undefined): string =>
    typeof value === "number" ? (Number.isInteger(value) ? `${value}` : value.toPrecision(4)) : (value ?? "");
  const rows = [used, ...records.map((line) => used.map((column) => cell(line[column])))];
  const widths = used.map((_, k) => Math.max(...rows.map((row) => (row[k] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((text, k) => text.padEnd(widths[k] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
