import type { Contender } from "./contender.js";
import { type Measurement, median } from "./measurement.js";
import { checkResult, factsOf, type Problem } from "./problems/problem.js";
import type { Yardstick } from "./yardstick.js";

export interface RaceOptions {
  readonly suite: string;
  /** Samples of each contender. */
  readonly repetitions: number;
  /** The most that the machine can do of what the problem is made of. */
  readonly yardstick?: Yardstick;
}

/** A sample is that long or one run, whichever is longer. */
const SAMPLE_MS = 30;
/** Warm-up of each contender: engines tier code up meanwhile. */
const WARM_UP_MS = 300;
const WARM_UPS = 3;

interface Runner {
  run(times: number): Promise<number>;
}

/**
 * Times contenders on one problem, a sample of each by turns, so that whatever else the machine does meets all alike. Results are checked first.
 * @throws WrongResult
 */
export async function race(
  problem: Problem,
  contenders: readonly Contender[],
  { suite, repetitions, yardstick }: RaceOptions,
): Promise<readonly Measurement[]> {
  const facts = factsOf(problem);
  const closers: (() => Promise<void>)[] = [];
  try {
    const racing: Contender[] = [];
    const runners: Runner[] = [];
    for (const contender of contenders) {
      const prepared = await contender.prepare(problem);
      if (prepared === null) continue;
      closers.push(() => prepared.close());
      racing.push(contender);
      runners.push(prepared);
      await prepared.run(1);
      checkResult(facts, contender.name, await prepared.result());
    }
    const medians = await sampleByTurns([...runners, ...(yardstick === undefined ? [] : [yardstick])], repetitions);
    const [work, rate] = facts.flops > 0 ? [facts.flops, "gflops"] : [facts.bytes, "gigabytesPerSecond"];
    const peak = yardstick === undefined ? undefined : yardstick.work / (medians[runners.length] ?? Number.NaN);
    const timeOf = (found: number): number | undefined => (found < 0 ? undefined : medians[found]);
    return racing.map(({ name, threads }, k) => {
      const medianMs = medians[k] ?? Number.NaN;
      const first = racing.findIndex((each) => each.name === name);
      const ours = timeOf(racing.findIndex((each) => each.name === racing[0]?.name && each.threads === threads));
      return {
        suite,
        workload: facts.workload,
        contender: name,
        threads,
        medianMs,
        [rate]: work / medianMs / 1e6,
        ...(peak === undefined ? {} : { ratioToPeak: work / medianMs / peak }),
        ...(name === racing[0]?.name || ours === undefined ? {} : { timesOurs: medianMs / ours }),
        ...(first === k ? {} : { speedUp: (medians[first] ?? Number.NaN) / medianMs }),
      };
    });
  } finally {
    for (const close of closers) await close();
  }
}

/** Medians of milliseconds for a run of each, in their order. */
async function sampleByTurns(runners: readonly Runner[], repetitions: number): Promise<readonly number[]> {
  const counts: number[] = [];
  for (const runner of runners) counts.push(await warmUp(runner));
  const samples = runners.map((): number[] => []);
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const [k, runner] of runners.entries()) {
      const times = counts[k] ?? 1;
      samples[k]?.push((await runner.run(times)) / times);
    }
  }
  return samples.map(median);
}

/** Runs until it is warm; returns how many runs make a sample. */
async function warmUp(runner: Runner): Promise<number> {
  let times = 1;
  for (let spent = 0, turns = 0; spent < WARM_UP_MS || turns < WARM_UPS; turns++) {
    const took = await runner.run(times);
    spent += took;
    times = Math.max(1, Math.ceil((SAMPLE_MS * times) / Math.max(took, 1e-3)));
  }
  return times;
}
