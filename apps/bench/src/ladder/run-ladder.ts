import type { Capabilities } from "@tilewright/backend";
import { compileSchedule } from "@tilewright/compiler";
import { lower } from "@tilewright/lower";
import { intrinsicsOf, print, type Schedule, toPrimFunc } from "@tilewright/schedule";
import { type FoundTarget, findTarget } from "tilewright";
import { exitCode } from "../exit-code.js";
import { medianMilliseconds, table } from "../measurement.js";
import { randomArray } from "../random-array.js";
import { BASELINE_REPETITIONS, LADDER_USAGE, type LadderOptions, parseLadderOptions } from "./options.js";
import { prepareKernel, timeProduct } from "./product.js";

/** A schedule of C = A · B, square matrices of float32, for a machine. */
export interface LadderStep {
  readonly step: string;
  schedule(size: number, capabilities: Capabilities): Schedule;
}

export interface StepMeasurement {
  readonly step: string;
  /** Of the product, in milliseconds. */
  readonly medianMs: number;
  readonly gflops: number;
  /** From the schedule to the last loop IR, warm: the median, in milliseconds. */
  readonly lowerMs: number;
  /** The loops, where they were asked for. */
  readonly nest?: string;
}

/**
 * The command `ladder`: compiles, checks and times each step on one target, the first of them the yardstick. The table, or with `--json` the
 * array, goes to standard output, progress to standard error.
 *
 * @returns the exit code: 1 for an unusable target or a wrong product, 2 for a command line that cannot be understood
 */
export function runLadder(steps: readonly LadderStep[], args: readonly string[]): Promise<0 | 1 | 2> {
  return exitCode(async () => {
    const options = parseLadderOptions(args);
    if (options.help) return void process.stdout.write(LADDER_USAGE);
    const measurements = await measureLadder(steps, options);
    process.stdout.write(options.json ? `${JSON.stringify(measurements, null, 2)}\n` : report(measurements));
  }, LADDER_USAGE);
}

/** @throws CompileError for a target that is not usable · WrongResult */
export async function measureLadder(
  steps: readonly LadderStep[],
  options: LadderOptions,
): Promise<readonly StepMeasurement[]> {
  const { target, size, threads } = options;
  const found = await findTarget(target, { threads });
  process.stderr.write(`target ${found.name} (${found.detail}), threads ${threads}, ${size} × ${size} × ${size}\n`);
  const measurements: StepMeasurement[] = [];
  for (const [number, step] of steps.entries()) {
    process.stderr.write(`${step.step} …\n`);
    const timing =
      number === 0 ? { repetitions: BASELINE_REPETITIONS, warmUps: 0 } : { repetitions: options.repetitions };
    const schedule = step.schedule(size, found.target.backend.capabilities);
    measurements.push({
      step: step.step,
      ...(await timeSchedule(schedule, size, found, timing)),
      lowerMs: await medianMilliseconds(() => lowered(schedule, found), { repetitions: 7 }),
      ...(options.nest ? { nest: print(schedule) } : {}),
    });
  }
  return measurements;
}

async function timeSchedule(
  schedule: Schedule,
  size: number,
  found: FoundTarget,
  timing: { readonly repetitions: number; readonly warmUps?: number },
): Promise<Pick<StepMeasurement, "medianMs" | "gflops">> {
  const [a, b] = [randomArray(size * size, 1), randomArray(size * size, 2)];
  const { artifact } = await compileSchedule(schedule, { target: found.target, name: "gemm" });
  return timeProduct(await prepareKernel(artifact, found, size, a, b), size, a, b, timing);
}

function lowered(schedule: Schedule, { target }: FoundTarget): void {
  const func = toPrimFunc(schedule, { name: "gemm" });
  const { capabilities, passes = [], intrinsics = [] } = target.backend;
  lower(
    { kind: "IRModule", span: func.span, functions: [func], attributes: {} },
    { capabilities, passes, intrinsics: [...intrinsics, ...intrinsicsOf(schedule)] },
  );
}

/** For people: the nests, if there are any, then a table with each step beside the first. */
function report(measurements: readonly StepMeasurement[]): string {
  const first = measurements[0]?.medianMs ?? Number.NaN;
  const nests = measurements.flatMap(({ step, nest }) => (nest === undefined ? [] : [`${step}:\n${nest}\n`]));
  const lines = measurements.map(({ step, medianMs, gflops, lowerMs }) => ({
    step,
    medianMs,
    gflops,
    faster: `${(first / medianMs).toPrecision(3)} ×`,
    lowerMs,
  }));
  return `${[...nests, table(lines)].join("\n")}\n`;
}
