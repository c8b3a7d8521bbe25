import { encodeArtifact } from "@tilewright/artifact";
import { defineBackend } from "@tilewright/backend";
import { compile } from "@tilewright/compiler";
import { loadModel, type NDArray, ndarray } from "@tilewright/runtime";
import { findTarget } from "tilewright";
import { beforeAll, describe, expect, it } from "vitest";
import { target as hex } from "../../cli/test/hex-target.js";
import { type DataSet, loadDigits, PIXELS, slice } from "./data-set.js";
import { toDevice } from "./device-data.js";
import { LOGISTIC, MLP, type Network, prediction, trainingStep } from "./networks.js";
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

describe("a target of somebody else", () => {
  it("that takes floats alone trains the same, launch by launch, with our WebAssembly for the rest", async () => {
    const capabilities = {
      ...hex.backend({ threads: 1 }).capabilities,
      dtypes: { float32: "stable" },
      hostCode: false,
    } as const;
    const target = { backend: defineBackend({ ...hex.backend({ threads: 1 }), capabilities }), toolchain: null };
    const host = await findTarget("wasm");
    const [device, other] = [await (await hex.device?.({ threads: 1 }))?.open(), await host.open()];
    if (device === undefined) throw new Error("the target has a device");
    const { artifact } = await compile(trainingStep(LOGISTIC, BATCH, 1), { target, host: host.target });
    expect(artifact.manifest.modules.map(({ format }) => format)).toEqual(["hex", "wasm"]);
    try {
      const training = toDevice(device, slice(digits, 0, 1000));
      const validation = toDevice(device, slice(digits, 50_000, 50_500));
      const placed = { target, device, host: host.target, others: [other], training, validation };
      const split = await train(LOGISTIC, { ...placed, batch: BATCH, epochs: 2, seed: 1, schedule: "auto" }, SILENT);
      const { losses, accuracy } = await trained(LOGISTIC, 1);
      losses.forEach((loss, epoch) => {
        expect(split.losses[epoch]).toBeCloseTo(loss, 4); // fused otherwise, hence rounded otherwise
      });
      expect(split.accuracy).toBeCloseTo(accuracy, 2);
    } finally {
      await device.close();
      await other.close();
    }
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
