import { type Artifact, type Device, decodeArtifact } from "@tilewright/artifact";
import { render } from "@tilewright/diagnostics";
import type { NDArray } from "@tilewright/runtime";
import { nodeWasmDevice } from "@tilewright/runtime/node";
import { type Call, type Command, flag, integer, onlyArgument, text, texts } from "../command.js";
import { compileKernel } from "../compile-kernel.js";
import { chooseKernel, unreadable } from "../errors.js";
import { loadExecutable } from "../executable.js";
import { fileNames } from "../file-names.js";
import { findTarget, openNative } from "../find-target.js";
import { arraysFor, parseInputs } from "../inputs.js";
import { EXIT, type Io } from "../io.js";
import { type Kernel, loadKernels } from "../kernels.js";
import { formatNpy } from "../npy.js";
import { paint } from "../paint.js";
import { targetOf } from "./build.js";

const HELP = `Usage: tilewright run <file.ts | file.tilewright> [options]

Runs a kernel on this machine, compiled now or loaded from an artifact, and says what it computed. The artifact may hold a model.

  --kernel <name>            which one, when there are several; of a model, one of its functions
  --target <name>            of a kernel that is compiled: wasm (the default), native, c-wasm
  --threads <n>              threads that parallel loops may use (1)
  --input <name>=<value>     an .npy file, random (the default) or zeros; once for each input
  --seed <n>                 of random inputs (0)
  --out <folder>             write each output as <name>.npy; what a file name cannot hold becomes _
  --json                     the outputs as a JSON object, with shapes and figures
`;

export const runCommand: Command = {
  name: "run",
  summary: "runs a kernel or an artifact",
  help: HELP,
  options: {
    kernel: { type: "string" },
    target: { type: "string" },
    threads: { type: "string" },
    input: { type: "string", multiple: true },
    seed: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean" },
  },
  async run(call, io) {
    const file = onlyArgument(call, "the file of the kernel");
    const inputs = parseInputs(texts(call, "input"));
    const seed = integer(call, "seed", 0, 0, 2 ** 32 - 1);
    const { artifact, open, asked } = await artifactOf(file, call, io);
    const device = await open();
    try {
      const executable = await loadExecutable(file, artifact, device, asked);
      const arrays = await arraysFor(executable.parameters, inputs, seed, io);
      const started = performance.now();
      const outputs = await executable.run(arrays);
      await report(executable.name, outputs, performance.now() - started, call, io);
    } finally {
      await device.close();
    }
    return EXIT.ok;
  },
};

interface Loaded {
  readonly artifact: Artifact;
  readonly open: () => Promise<Device>;
  /** Name of the function that is wanted; null: the only one, or the model. */
  readonly asked: string | null;
}

/** A kernel file compiled for the target, or an artifact with the device that its module is for. */
async function artifactOf(file: string, call: Call, io: Io): Promise<Loaded> {
  const threads = integer(call, "threads", 1, 1, 64);
  const target = targetOf(call);
  const kernelName = text(call, "kernel");
  if (/\.[cm]?[jt]s$/.test(file)) {
    const kernel = onlyKernel(file, await loadKernels(file, io, kernelName));
    const found = await findTarget(target, { threads });
    const { artifact, warnings } = await compileKernel(kernel, found.target, io);
    for (const warning of warnings) io.note(`${paint(io.colors.note).diagnostic(render(warning))}\n`);
    return { artifact, open: found.open, asked: null };
  }
  const bytes = await io.readFile(file).catch((error: Error) => {
    throw unreadable(file, error.message);
  });
  const artifact = decodeArtifact(bytes);
  const { modules } = artifact.manifest;
  const isNative = modules.some(({ format }) => format === "shared-library");
  const needed = modules.every(({ features }) => features.includes("threads")) ? Math.max(2, threads) : threads;
  const open = (): Promise<Device> => (isNative ? openNative(threads) : nodeWasmDevice.open({ threads: needed }));
  return { artifact, open, asked: kernelName ?? null };
}

function onlyKernel(file: string, kernels: readonly Kernel[]): Kernel {
  const [kernel, second] = kernels;
  const names = kernels.map(({ name }) => name);
  if (kernel === undefined || second !== undefined) throw chooseKernel(file, undefined, names);
  return kernel;
}

async function report(
  name: string,
  outputs: ReadonlyMap<string, NDArray>,
  milliseconds: number,
  call: Call,
  io: Io,
): Promise<void> {
  const out = text(call, "out");
  if (out !== undefined) {
    const stems = fileNames([...outputs.keys()]);
    const files = [...outputs.values()].map(({ dtype, shape, bytes }, k) => {
      const path = `${stems[k]}.npy`;
      return [path, formatNpy(path, { dtype, shape, bytes })] as const;
    });
    await io.writeFolder(out, new Map(files));
  }
  const figures = [...outputs].map(([output, array]) => ({
    name: output,
    dtype: array.dtype,
    shape: array.shape,
    ...figuresOf(array),
  }));
  if (flag(call, "json")) {
    io.write(`${JSON.stringify({ kernel: name, milliseconds, outputs: figures }, null, 2)}\n`);
    return;
  }
  for (const { name: output, dtype, shape, first, min, max, mean } of figures) {
    io.write(
      `${output}: ${dtype}[${shape.join(", ")}]  min ${min}  max ${max}  mean ${mean}\n  ${first.join(", ")}${first.length === 8 ? ", …" : ""}\n`,
    );
  }
  io.note(`${name} took ${milliseconds.toFixed(3)} ms, copies included\n`);
}

/** Numbers that describe an array: its first elements, its least, its greatest, its mean. */
function figuresOf(array: NDArray): {
  first: readonly number[];
  min: number | null;
  max: number | null;
  mean: number | null;
} {
  const flat = array.reshape([-1]);
  let [min, max, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  const first: number[] = [];
  for (let k = 0; k < flat.size; k++) {
    const value = Number(flat.item(k));
    if (k < 8) first.push(value);
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return flat.size === 0 ? { first, min: null, max: null, mean: null } : { first, min, max, mean: sum / flat.size };
}
