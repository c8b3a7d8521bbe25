import type { Measurement } from "../measurement.js";
import { tilewright } from "../peers/tilewright.js";
import { factsOf, type Problem } from "../problems/problem.js";
import { race } from "../race.js";
import type { Size, Suite } from "../suite.js";
import { arithmeticYardstick, copyYardstick } from "../yardstick.js";

interface RaceSuite {
  readonly name: string;
  readonly summary: string;
  /** What is solved, for sizes or, with null, for what the suite is about. */
  problems(sizes: readonly Size[] | null): readonly Problem[];
  readonly hasProducts?: boolean;
}

/** A suite of problems that ours and its peers solve by turns, beside a loop that shows what the machine can do. */
export function raceSuite({ problems, ...rest }: RaceSuite): Suite {
  return {
    ...rest,
    hasPeers: true,
    async run({ targets, sizes, repetitions, peers }) {
      const [{ found }] = targets;
      const contenders = [...targets.map(tilewright), ...peers];
      const arithmetic = await arithmeticYardstick(found);
      const measurements: Measurement[] = [];
      for (const problem of problems(sizes)) {
        const { workload, flops, bytes } = factsOf(problem);
        process.stderr.write(`  ${workload}\n`);
        const yardstick = flops > 0 ? arithmetic : await copyYardstick(found, bytes);
        try {
          measurements.push(...(await race(problem, contenders, { suite: rest.name, repetitions, yardstick })));
        } finally {
          if (yardstick !== arithmetic) await yardstick.close();
        }
      }
      await arithmetic.close();
      return measurements;
    },
  };
}
