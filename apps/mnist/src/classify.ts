import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeArtifact } from "@tilewright/artifact";
import { compile } from "@tilewright/compiler";
import { loadModel, type NDArray, ndarray } from "@tilewright/runtime";
import { predictedDigits } from "./accuracy.js";
import { type DataSet, PIXELS, slice } from "./data-set.js";
import { drawDigit, sideBySide } from "./drawn-digit.js";
import { type Network, prediction } from "./networks.js";
import { withStates } from "./saved-model.js";
import type { TrainingOptions } from "./train.js";

const SHOWN = 6;
const WIDTH = 30;

interface ClassifyOptions extends Pick<TrainingOptions, "target" | "device" | "host" | "others"> {
  readonly images: DataSet;
  readonly path: string | null;
}

/** Saves a trained network as an artifact, to `path` or a temporary file, loads it from there and shows what it sees in some digits. */
export async function saveAndClassify(
  network: Network,
  weights: ReadonlyMap<string, NDArray>,
  { target, device, host, others = [], images, path }: ClassifyOptions,
  say: (text: string) => void,
): Promise<void> {
  const { artifact } = await compile(prediction(network, SHOWN), {
    target,
    ...(host === undefined ? {} : { host }),
  });
  const bytes = new Map([...weights].map(([name, value]) => [name, value.bytes]));
  const file = encodeArtifact(withStates(artifact, bytes));
  const loaded = await throughFile(file, path);
  say(`\n--- The trained network, saved (${file.length} bytes), loaded again and shown some digits\n`);
  const session = await loadModel(loaded, { device, others });
  try {
    const shown = slice(images, 0, SHOWN);
    const { scores } = await session.run({ pixels: ndarray(shown.pixels, { shape: [SHOWN, PIXELS] }) });
    say(drawn(shown, predictedDigits((scores as NDArray).data as Float32Array)));
  } finally {
    await session.dispose();
  }
}

/** Writes a file whole or not at all and reads it again; without a path it is gone afterwards. */
async function throughFile(bytes: Uint8Array, path: string | null): Promise<Uint8Array> {
  const folder = await mkdtemp(path === null ? join(tmpdir(), "tilewright-mnist-") : `${path}-`);
  try {
    const file = join(folder, "network.tilewright");
    await writeFile(file, bytes);
    if (path === null) return await readFile(file);
    await rename(file, path);
    return await readFile(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function drawn(images: DataSet, predicted: Uint8Array): string {
  const blocks = [...predicted].map((digit, k) => {
    const truth = images.digits[k];
    const verdict = digit === truth ? `a ${digit}` : `a ${digit}, but it is a ${truth}`;
    return `${drawDigit(images.pixels.subarray(k * PIXELS, (k + 1) * PIXELS))}\n          ${verdict}`;
  });
  const half = Math.ceil(blocks.length / 2);
  return [blocks.slice(0, half), blocks.slice(half)].map((row) => sideBySide(row, WIDTH)).join("\n\n");
}
