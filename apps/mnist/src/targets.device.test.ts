import { findTarget, TARGET_NAMES, type TargetName } from "tilewright";
import { beforeAll, describe, expect, it } from "vitest";
import { type DataSet, loadDigits, slice } from "./data-set.js";
import { toDevice } from "./device-data.js";
import { LOGISTIC, MLP, type Network } from "./networks.js";
import type { Progress } from "./progress.js";
import { type Trained, train } from "./train.js";

const SILENT: Progress = { line: () => {}, start: () => {}, step: () => {}, stop: () => {} };
const BATCH = 1000;
const MINUTES = 60_000;

let digits: DataSet;
beforeAll(async () => {
  digits = await loadDigits();
});

interface Part {
  readonly threads: number;
  readonly epochs: number;
  readonly images: number;
}

async function trained(name: TargetName, network: Network, { threads, epochs, images }: Part): Promise<Trained> {
  const { target, open } = await findTarget(name, { threads });
  const device = await open();
  try {
    const training = toDevice(device, slice(digits, 0, images));
    const validation = toDevice(device, slice(digits, 50_000, 60_000));
    const options = { target, device, training, validation, batch: BATCH, epochs, seed: 1, schedule: "auto" } as const;
    return await train(network, options, SILENT);
  } finally {
    await device.close();
  }
}

const tools = (process.env.TILEWRIGHT_TOOLS ?? "").split(",");
const has = (...names: string[]): boolean => names.every((name) => tools.includes(name));
const USABLE: Readonly<Record<TargetName, boolean>> = {
  wasm: true,
  native: has("gcc") || has("clang"),
  "c-wasm": has("emcc") || has("clang", "wasm-ld"),
};

describe.each(TARGET_NAMES.filter((name) => USABLE[name]))("on %s", (name) => {
  it("logistic regression recognises 91.5 % of the validation images after ten epochs", {
    timeout: 5 * MINUTES,
  }, async () => {
    const { accuracy, losses } = await trained(name, LOGISTIC, { threads: 2, epochs: 10, images: 50_000 });
    expect(accuracy).toBeGreaterThanOrEqual(0.915);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });

  it("784-256-100-10 recognises 96.5 %", { timeout: 10 * MINUTES }, async () => {
    const { accuracy, losses } = await trained(name, MLP, { threads: 2, epochs: 10, images: 50_000 });
    expect(accuracy).toBeGreaterThanOrEqual(0.965);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
  });

  it("weights do not depend on the number of threads", { timeout: 5 * MINUTES }, async () => {
    const weights = async (threads: number) =>
      [...(await trained(name, MLP, { threads, epochs: 1, images: 3000 })).weights].map(([, { bytes }]) =>
        Buffer.from(bytes).toString("base64"),
      );
    const alone = await weights(1);
    expect(await weights(2)).toEqual(alone);
    expect(await weights(3)).toEqual(alone);
  });
});
