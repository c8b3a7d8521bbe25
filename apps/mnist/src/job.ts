import { type FoundTarget, findTarget, TARGET_NAMES } from "tilewright";
import { saveAndClassify } from "./classify.js";
import { type DataSet, loadDigits, slice } from "./data-set.js";
import { toDevice } from "./device-data.js";
import { LOGISTIC, MLP, type Network } from "./networks.js";
import type { Options } from "./options.js";
import type { Progress } from "./progress.js";
import { type Trained, type TrainingOptions, train } from "./train.js";
import { walkThrough } from "./walk-through.js";

const BATCH = 1000;
const TRAINING = [0, 50_000] as const;
const VALIDATION = [50_000, 60_000] as const;

/** What `--json` prints. Naive: no schedule, one thread, the same target. */
export interface Report {
  readonly logistic: { readonly accuracy: number; readonly secondsPerEpoch: number };
  readonly mlp: {
    readonly accuracy: number;
    readonly secondsPerEpoch: number;
    readonly naiveSecondsPerEpoch: number;
    readonly speedup: number;
  };
}

/** Everything: the walk-through, both networks, the saved model, the comparison. @throws CompileError when the target is not usable */
export async function runJob(options: Options, say: (text: string) => void, progress: Progress): Promise<Report> {
  const found = await findTarget(options.target, { threads: options.threads });
  walkThrough(say);
  progress.line(`\ntarget ${found.name} (${found.detail}), threads ${options.threads}, seed ${options.seed}`);
  const digits = await loadDigits();
  const { logistic, mlp } = await onDevice(found, options.threads, digits, async (run, placed) => {
    const logistic = await run(LOGISTIC, options.epochs, options.seed, "auto", progress);
    const mlp = await run(MLP, options.epochs, options.seed, "auto", progress);
    const images = slice(digits, ...VALIDATION);
    await saveAndClassify(MLP, mlp.weights, { ...placed, images, path: options.save }, say);
    return { logistic, mlp };
  });
  progress.line("\nfor comparison, one epoch without a schedule, on one thread");
  const alone = await findTarget(options.target, { threads: 1 });
  const naive = await onDevice(alone, 1, digits, (run) => run(MLP, 1, options.seed, "none", progress));
  return {
    logistic: { accuracy: logistic.accuracy, secondsPerEpoch: logistic.secondsPerEpoch },
    mlp: {
      accuracy: mlp.accuracy,
      secondsPerEpoch: mlp.secondsPerEpoch,
      naiveSecondsPerEpoch: naive.secondsPerEpoch,
      speedup: naive.secondsPerEpoch / mlp.secondsPerEpoch,
    },
  };
}

type Run = (
  network: Network,
  epochs: number,
  seed: number,
  schedule: "auto" | "none",
  progress: Progress,
) => Promise<Trained>;

type Placed = Required<Pick<TrainingOptions, "device" | "others">> & Pick<TrainingOptions, "target" | "host">;

/** Opens the device of a target, with the data in it, and closes it again. What a target of others does not take runs on WebAssembly. */
async function onDevice<T>(
  { name, target, open }: FoundTarget,
  threads: number,
  digits: DataSet,
  action: (run: Run, placed: Placed) => Promise<T>,
): Promise<T> {
  const host = TARGET_NAMES.some((each) => each === name) ? null : await findTarget("wasm", { threads });
  const device = await open();
  try {
    const others = host === null ? [] : [await host.open()];
    try {
      const placed = { target, device, others, ...(host === null ? {} : { host: host.target }) };
      const training = toDevice(device, slice(digits, ...TRAINING));
      const validation = toDevice(device, slice(digits, ...VALIDATION));
      const run: Run = (network, epochs, seed, schedule, progress) =>
        train(network, { ...placed, training, validation, batch: BATCH, epochs, seed, schedule }, progress);
      return await action(run, placed);
    } finally {
      for (const other of others) await other.close();
    }
  } finally {
    await device.close();
  }
}

/** The report as a table for people. */
export function summary({ logistic, mlp }: Report): string {
  const row = (name: string, accuracy: number, seconds: number): string =>
    `${name.padEnd(22)}${`${(accuracy * 100).toFixed(2)} %`.padStart(10)}${`${seconds.toFixed(3)} s`.padStart(14)}`;
  return [
    "\n--- Results",
    `\n${"".padEnd(22)}validation  time an epoch`,
    row("logistic regression", logistic.accuracy, logistic.secondsPerEpoch),
    row("784-256-100-10", mlp.accuracy, mlp.secondsPerEpoch),
    `${"without a schedule".padEnd(32)}${`${mlp.naiveSecondsPerEpoch.toFixed(3)} s`.padStart(14)}, ${mlp.speedup.toFixed(1)} times as long`,
  ].join("\n");
}
