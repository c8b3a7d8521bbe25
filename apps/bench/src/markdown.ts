import type { Measurement } from "./measurement.js";
import { ratiosOf, ratioText } from "./ratios.js";

const MARKED = /(<!-- bench (\S+) (\S+) -->\n)([\s\S]*?)(<!-- end -->)/g;

/**
 * The document with the tables of what was measured on `target` written anew, each between `<!-- bench suite target -->` and
 * `<!-- end -->`. The last column, `limit`, is written by hand: a row keeps that of its workload.
 */
export function withTables(document: string, measurements: readonly Measurement[], target: string): string {
  return document.replace(MARKED, (all, open: string, suite: string, on: string, before: string, close: string) => {
    const own = measurements.filter((each) => each.suite === suite && !isPart(each));
    return on !== target || own.length === 0 ? all : `${open}${tableOf(own, limitsOf(before))}\n${close}`;
  });
}

/** A part of the line before it. */
const isPart = ({ workload }: Measurement): boolean => workload.startsWith(" ");

/** What the hand wrote, by workload. */
function limitsOf(table: string): ReadonlyMap<string, string> {
  const rows = table.split("\n").filter((line) => line.startsWith("| "));
  return new Map(
    rows.map((row) => {
      const cells = row.split("|").map((cell) => cell.trim());
      return [cells[1] ?? "", cells.at(-2) ?? ""];
    }),
  );
}

function tableOf(measurements: readonly Measurement[], limits: ReadonlyMap<string, string>): string {
  const ours = measurements.filter(({ contender }) => contender === measurements[0]?.contender);
  const rated = ours.some(({ gflops }) => gflops !== undefined);
  const peers = [...new Set(measurements.flatMap(({ contender, timesOurs }) => (timesOurs ? [contender] : [])))];
  const threaded = ours.some(({ threads }) => threads > 1);
  const columns: readonly (readonly [string, (line: Measurement) => string])[] = [
    ["workload", (line) => `${line.workload}${line.threads > 1 ? `, ${line.threads} threads` : ""}`],
    ["ms", (line) => digits(line.medianMs)],
    ...(ours.some(({ ratioToPeak }) => ratioToPeak !== undefined)
      ? [
          [
            rated ? "GFLOP/s" : "GB/s",
            (line: Measurement) => (line.gflops ?? line.gigabytesPerSecond ?? 0).toFixed(1),
          ] as const,
          [rated ? "of the peak" : "of the copy", (line: Measurement) => (line.ratioToPeak ?? 0).toFixed(2)] as const,
        ]
      : []),
    ...(threaded ? [["speed-up", (line: Measurement) => line.speedUp?.toFixed(2) ?? ""] as const] : []),
    ...peers.map((peer) => [`× ${peer}`, (line: Measurement) => timesOf(peer, line)] as const),
  ];
  const timesOf = (peer: string, { workload, threads }: Measurement): string =>
    measurements
      .find((each) => each.contender === peer && each.workload === workload && each.threads === threads)
      ?.timesOurs?.toFixed(2) ?? "";
  const header = [...columns.map(([name]) => name), "limit"];
  const rule = header.map((_, k) => (k === 0 || k === header.length - 1 ? "---" : "---:"));
  const rows = ours.map((line) => {
    const cells = columns.map(([, cell]) => cell(line));
    return [...cells, limits.get(cells[0] ?? "") ?? ""];
  });
  const lines = [`| ${header.join(" | ")} |`, `|${rule.join("|")}|`, ...rows.map((row) => `| ${row.join(" | ")} |`)];
  const ratios = ratiosOf(measurements).map((ratio) => `\n${ratioText(ratio)}`);
  return [...lines, ...ratios].join("\n");
}

/** Three digits that count. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(1) : value.toPrecision(3);
}
