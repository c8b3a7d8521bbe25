import type { Measurement } from "./measurement.js";

/** How much faster ours is than a peer over the workloads of a suite that both solve. */
export interface Ratio {
  readonly suite: string;
  readonly peer: string;
  readonly threads: number;
  readonly workloads: number;
  readonly geometricMean: number;
  readonly least: number;
}

/** One for each suite, peer and number of threads, in the order in which they appear. */
export function ratiosOf(measurements: readonly Measurement[]): readonly Ratio[] {
  const groups = new Map<string, Measurement[]>();
  for (const each of measurements) {
    if (each.timesOurs === undefined) continue;
    const key = JSON.stringify([each.suite, each.contender, each.threads]);
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()].map((group) => {
    const [first] = group as [Measurement, ...Measurement[]];
    const ratios = group.map(({ timesOurs = Number.NaN }) => timesOurs);
    return {
      suite: first.suite,
      peer: first.contender,
      threads: first.threads,
      workloads: group.length,
      geometricMean: Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length),
      least: Math.min(...ratios),
    };
  });
}

export function ratioText({ suite, peer, threads, workloads, geometricMean, least }: Ratio): string {
  const mean = `${geometricMean.toFixed(2)} times as fast in geometric mean, ${least.toFixed(2)} at least`;
  return `${suite}: ${workloads} workload${workloads === 1 ? "" : "s"} against ${peer}${threads === 1 ? "" : ` on ${threads} threads`}: ${mean}`;
}
