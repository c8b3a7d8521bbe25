import { encodeArtifact } from "@tilewright/artifact";
import { compile } from "@tilewright/compiler";
import { loadModel, type NDArray, ndarray } from "@tilewright/runtime";
import { findTarget } from "tilewright";
import { beforeAll, describe, expect, it } from "vitest";
import { type DataSet, loadDigits, PIXELS, slice } from "./data-set.js";
import { toDevice } from "./device-data.js";
import { LOGISTIC, MLP, type Network, prediction } from "./networks.js";
import type { Progress } from "./progress.js";
import { withStates } from "./saved-model.js";
import { type Trained, train } from "./train.js";

const SILENT: Progress = { line: () => {}, start: () => {}, step: () => {}, stop: () => {} };
const BATCH = 100;

let digits: DataSet;
beforeAll(async () => {
  digits = await loadDigits();
});

async function trained(
  network: Network,
  threads: number,
  schedule: "auto" | "none" = "auto",
  epochs = 2,
): Promise<Trained> {
  const { target, open } = await findTarget("wasm", { threads });
  const device = await open();
  try {
    const training = toDevice(device, slice(digits, 0, 1000));
    const validation = toDevice(device, slice(digits, 50_000, 50_500));
    const options = { target, device, training, validation, batch: BATCH, epochs, seed: 1, schedule };
    return await train(network, options, SILENT);
  } finally {
    await device.close();
  }
}

const bytesOf = ({ weights }: Trained) =>
  [...weights].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString("base64")]);

describe("training", () => {
  it("learns: the loss falls and digits are recognised", async () => {
    const { losses, accuracy } = await trained(LOGISTIC, 1, "auto", 5);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(accuracy).toBeGreaterThan(0.75);
  });

  it("gives the same weights, to the bit, in every run and on any number of threads", async () => {
    const alone = bytesOf(await trained(MLP, 1));
    expect(bytesOf(await trained(MLP, 1))).toEqual(alone);
    expect(bytesOf(await trained(MLP, 2))).toEqual(alone);
    expect(bytesOf(await trained(MLP, 3))).toEqual(alone);
  });

  it("gives the same losses without a schedule, up to rounding", async () => {
    const { losses } = await trained(MLP, 1);
    const plain = await trained(MLP, 1, "none");
    losses.forEach((loss, epoch) => {
      expect(plain.losses[epoch]).toBeCloseTo(loss, 2);
    });
  });
});

describe("a saved network", () => {
  it("computes after loading what it computed before, without its compiler", async () => {
    const { weights } = await trained(MLP, 1);
    const { target, open } = await findTarget("wasm");
    const { artifact } = await compile(prediction(MLP, 3), { target });
    const bytes = new Map([...weights].map(([name, value]) => [name, value.bytes]));
    const device = await open();
    const pixels = ndarray(slice(digits, 0, 3).pixels, { shape: [3, PIXELS] });
    const before = await loadModel(artifact, { device });
    for (const [name, value] of weights) await before.setState(name, value);
    const after = await loadModel(encodeArtifact(withStates(artifact, bytes)), { device });
    const scores = async (session: typeof before) => ((await session.run({ pixels })).scores as NDArray).toArray();
    expect(await scores(after)).toEqual(await scores(before));
    await device.close();
  });
});
